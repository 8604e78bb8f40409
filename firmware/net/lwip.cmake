# lwIP, from Debian's own source package (scripts/lwip): target pf_lwip, or a message.
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/lwip OUTPUT_VARIABLE LWIP
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE LWIP_SAID RESULT_VARIABLE LWIP_FAILED)
if(LWIP_FAILED)
  string(REGEX MATCH "[^\n]*[^\n ][^\n]*" LWIP_SAID "${LWIP_SAID}")
  message(WARNING "lwIP's sources cannot be had (${LWIP_SAID}): the plug's network, plugfw-host "
                  "and their tests are left out. scripts/lwip fetches them.")
  return()
endif()

add_library(pf_lwip STATIC
  ${LWIP}/src/core/def.c ${LWIP}/src/core/dns.c ${LWIP}/src/core/inet_chksum.c
  ${LWIP}/src/core/init.c ${LWIP}/src/core/ip.c ${LWIP}/src/core/mem.c ${LWIP}/src/core/memp.c
  ${LWIP}/src/core/netif.c ${LWIP}/src/core/pbuf.c ${LWIP}/src/core/raw.c
  ${LWIP}/src/core/stats.c ${LWIP}/src/core/tcp.c ${LWIP}/src/core/tcp_in.c
  ${LWIP}/src/core/tcp_out.c ${LWIP}/src/core/timeouts.c ${LWIP}/src/core/udp.c
  ${LWIP}/src/core/ipv4/dhcp.c ${LWIP}/src/core/ipv4/etharp.c ${LWIP}/src/core/ipv4/icmp.c ${LWIP}/src/core/ipv4/igmp.c ${LWIP}/src/core/ipv4/ip4.c
  ${LWIP}/src/core/ipv4/ip4_addr.c ${LWIP}/src/netif/ethernet.c)
target_include_directories(pf_lwip SYSTEM PUBLIC ${LWIP}/src/include)
target_include_directories(pf_lwip PUBLIC ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/..)
target_compile_definitions(pf_lwip PUBLIC PF_LWIP_ASSERT)
target_compile_options(pf_lwip PRIVATE -w) # its warnings are its own

add_library(pf_firmware_net STATIC
  net/mqtt_packet.c net/net.c net/net_ap.c net/net_http.c net/net_mqtt.c net/net_ntp.c
  net/net_ping.c net/net_ssdp.c net/net_tx.c)
target_include_directories(pf_firmware_net PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..)
target_link_libraries(pf_firmware_net PUBLIC pf_lwip)
