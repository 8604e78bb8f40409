/* uart.h - byte UARTs with rings of their own. */
#ifndef HAL_UART_H
#define HAL_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hal_parity { HAL_PARITY_NONE, HAL_PARITY_EVEN, HAL_PARITY_ODD };

/* Port 0 is the chip's first UART for devices, 1 the second. False: there is none. */
bool hal_uart_open(unsigned port, uint32_t baud, enum hal_parity parity);
void hal_uart_close(unsigned port);
/* What there is room for is taken; returns how much. */
size_t hal_uart_write(unsigned port, const void *data, size_t len);
size_t hal_uart_read(unsigned port, void *buf, size_t cap);

#endif
