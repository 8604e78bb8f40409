#!/usr/bin/env python3
"""A person with a browser and a new plug: its pages as they are seen and used, at a desk and on a
phone. Pictures of them go to the folder SHOTS."""

import hashlib
import json
import lzma
import os
import struct
import zlib

import plugfw
from webdriver import Browser

shots = os.environ.get("SHOTS", os.path.join(os.getcwd(), "firmware-screenshots"))
os.makedirs(shots, exist_ok=True)
plugfw.need(plugfw.PROGRAM)
browser = Browser()
plug = plugfw.Plug("plug", "--new")
board = plugfw.file_with("board.json", plugfw.TEMPLATE.encode())

DESK, PHONE = (1200, 900, False), (360, 740, True)


def visit(path):
    browser.open(plug.url(path))


def fill(name, text):
    browser.one('[name="%s"]' % name).set(text)


def submit(label):
    browser.leaves(lambda: browser.press(label))


def held(name):
    return browser.one('[name="%s"]' % name).value()


def quiet():
    said = browser.complaints()
    assert not said, said


def an_update(size=100000):
    """A package as an ECR6600 takes it; the firmware in it is noise."""
    state, image = 1, bytearray()
    for _ in range(size):
        state = state * 1103515245 + 12345 & 0x7fffffff
        image.append(state >> 16 & 63)
    lz = lzma.compress(bytes(image), lzma.FORMAT_RAW, filters=[
        {"id": lzma.FILTER_LZMA1, "dict_size": 8192, "lc": 0, "lp": 0, "pb": 0}])
    tail = struct.pack("<IIIII", 0, 0, size, 0, 0) + bytes(12 + 32) + b"1.0.0".ljust(32, b"\0") + lz
    return b"FotaPKG\x22" + struct.pack("<II", len(tail) + 16, zlib.crc32(tail)) + tail


def the_main_page_opens_and_tells_who_it_is():
    plug.start()  # with no board: nobody has set it up
    plug.save_and_kill()
    plug.start("--template", board)
    visit("")
    browser.sees("OpenECR6600_")
    browser.sees("MQTT not set up")
    quiet()


def a_template_is_pasted_and_the_relay_is_there():
    visit("")
    assert not browser.all("button[name=tgl]")
    visit("cfg")
    submit("Template")
    fill("template", plugfw.TEMPLATE)
    submit("Use it")
    browser.sees("As this plug is now")
    assert json.loads(held("template"))["pins"] == json.loads(plugfw.BOARD)
    plug.starts_anew(lambda: plug.post("index", restart=1))
    assert plug.status()["reset"] == "restart"
    visit("")
    browser.one("button[name=tgl]")
    quiet()


def what_is_no_template_is_refused_and_changes_nothing():
    visit("cfg_template")
    before = held("template")
    fill("template", '{"pins":{"99":"Rel;1"}}')
    submit("Use it")
    assert not browser.all("textarea")
    browser.sees("99")
    visit("cfg_template")
    assert held("template") == before
    browser.complaints()  # the refusal is one of them


def a_click_switches_the_relay_and_the_page_says_so():
    visit("")
    colour = {}
    for state in ("ON", "OFF", "ON"):
        browser.leaves(lambda: browser.click("button[name=tgl]"))
        browser.sees(": " + state)
        assert plug.relay() == (state == "ON")
        colour[state] = browser.steady(lambda: browser.script(
            "return getComputedStyle(document.querySelector('button[name=tgl]')).backgroundColor"))
    assert colour["ON"] != colour["OFF"], "on and off look the same"
    quiet()


def what_others_switch_shows_without_a_reload():
    visit("")
    browser.sees(": ON")
    plug.command("POWER OFF")
    browser.sees(": OFF")
    plug.press_button()
    browser.sees(": ON")
    quiet()


def watts_and_volts_are_seen_and_follow_the_load():
    plug.load(60)
    visit("")
    browser.sees("Power 60")
    browser.sees("Voltage 230")
    plug.load(1500)
    browser.sees("Power 150")
    quiet()


def a_password_for_wifi_is_kept_and_never_shown():
    visit("cfg_wifi")
    fill("ssid", "home <b>& garden</b>")
    fill("pass", "very secret")
    submit("Save")
    visit("cfg_wifi")
    assert held("ssid") == "home <b>& garden</b>"
    assert held("pass") == "" and "unchanged" in browser.one("[name=pass]").attribute("placeholder")
    assert "very secret" not in plug.get("cfg_wifi")
    quiet()


def the_plug_joins_the_network_it_was_told():
    visit("cfg_wifi")
    fill("ssid", plugfw.SSID)
    fill("pass", plugfw.WIFI_PASSWORD)
    browser.press("Save")  # the network goes from under the page: no other one follows
    plugfw.wait_for("the plug in the network", lambda: plugfw.SSID + "," in (plug.answers() or ""))
    visit("")
    browser.sees("Wi-Fi %s, -" % plugfw.SSID)
    browser.complaints()


def mqtt_is_set_and_the_password_stays_hidden():
    visit("cfg_mqtt")
    for name, text in (("host", "127.0.0.2"), ("port", "18830"), ("client", "kitchen"),
                       ("group", "plugs"), ("user", "me"), ("password", "also secret")):
        fill(name, text)
    submit("Save")
    visit("cfg_mqtt")
    assert [held(n) for n in ("host", "port", "client", "group", "user", "password")] == [
        "127.0.0.2", "18830", "kitchen", "plugs", "me", ""]
    assert "also secret" not in plug.get("cfg_mqtt")
    visit("")
    browser.sees("MQTT not connected")
    quiet()


def a_name_with_markup_is_shown_as_it_is():
    visit("cfg_name")
    fill("name", "<i>Lamp</i> & \"co\"")
    submit("Save")
    visit("")
    browser.sees("<i>Lamp</i> & \"co\"")
    assert not browser.all("h1 i")
    visit("cfg_name")
    fill("name", "Lamp")
    submit("Save")
    quiet()


def settings_are_there_after_the_power_was_off():
    plug.save_and_kill()
    plug.start("--template", board)
    visit("cfg_mqtt")
    assert held("client") == "kitchen"
    browser.complaints()


def each_page_fits_a_desk_and_a_phone():
    pages = ("index", "cfg", "cfg_wifi", "cfg_ip", "cfg_mqtt", "ha_cfg", "cfg_name", "cfg_pins",
             "cfg_generic", "cfg_startup", "startup_command", "cfg_template", "cfg_ping",
             "cfg_webapp", "logs", "about", "ota", "cmd_tool")
    for kind, size in (("desk", DESK), ("phone", PHONE)):
        browser.size(*size)
        for page in pages:
            visit(page)
            wide = browser.script("return document.documentElement.scrollWidth")
            assert wide <= size[0], "%s is %d wide on a screen of %d" % (page, wide, size[0])
            small = browser.script(
                "return [...document.querySelectorAll('button')].filter(function(b){"
                "return b.getBoundingClientRect().height<32}).map(function(b){"
                "return b.textContent})")
            assert not small, "%s: too small for a finger: %s" % (page, small)
            browser.picture(os.path.join(shots, "%s-%s.png" % (page, kind)))
    browser.size(*DESK)
    quiet()


def upload(path):
    visit("ota")
    browser.one("#f").type(path)
    browser.one("#b").click()


def an_update_for_another_chip_is_refused_in_plain_words():
    upload(plugfw.file_with("other.ota", b"BL60X_OTA_Ver1.0RAW " + bytes(100000)))
    browser.sees("Not taken: ")
    browser.sees("BL602")
    browser.picture(os.path.join(shots, "ota-refused-desk.png"))
    browser.complaints()


def a_damaged_update_is_refused_and_the_plug_goes_on():
    data = bytearray(an_update())
    data[50000] ^= 4
    upload(plugfw.file_with("damaged.img", data))
    browser.sees("Not taken: ")
    browser.sees("damaged")
    visit("")
    browser.leaves(lambda: browser.click("button[name=tgl]"))
    browser.complaints()


def an_update_is_taken_and_the_plug_starts_anew():
    upload(plugfw.file_with("right.img", an_update()))
    browser.sees("Taken.")
    browser.picture(os.path.join(shots, "ota-taken-desk.png"))
    plugfw.wait_for("one update counted", lambda: plug.answers() and
                    "<td>Updates</td><td>1</td>" in plug.get("about"))
    plugfw.wait_for("the main page by itself", lambda: browser.address().endswith("/index"))
    browser.one("button[name=tgl]")
    browser.complaints()


def the_next_update_is_taken_as_well():
    answer = plug.get("api/ota", an_update(90000), timeout=60)
    assert '"size"' in answer, answer
    plug.saves()
    plug.starts_anew(lambda: plug.get("api/reboot", b""))
    assert "<td>Updates</td><td>2</td>" in plug.get("about")


def entry(kind, name, addresses, rooms):
    return struct.pack("<BBB9s6I", kind, 0, 0, name, *addresses, *rooms, 0, 0)


def a_bl602_has_the_update_in_its_other_slot():
    entries = entry(0, b"FW", (0x10000, 0x112000), (0x102000, 0x90000)) + entry(
        3, b"media", (0x1a2000, 0), (0x47000, 0)) + entry(4, b"PSM", (0x1e9000, 0), (0x13000, 0))
    table = struct.pack("<4sHHI", b"BFPT", 0, 3, 0)
    table += struct.pack("<I", zlib.crc32(table)) + entries
    table += struct.pack("<I", zlib.crc32(entries))
    flash = bytearray(b"\xff" * 0x200000)
    flash[0xe000:0xe000 + len(table)] = flash[0xf000:0xf000 + len(table)] = table
    code = bytes(range(256)) * 300
    head = bytearray(b"BFNP" + bytes(168))
    head[116:124] = struct.pack("<II", 0x3300, len(code))
    head[132:164] = hashlib.sha256(code).digest()
    app = (head + struct.pack("<I", zlib.crc32(head))).ljust(0x1000, b"\xff") + code
    update = b"BL60X_OTA_Ver1.0RAW " + struct.pack("<I", len(app)) + bytes(40) + hashlib.sha256(
        app).digest()
    other = plugfw.Plug("bl602", "--chip", "bl602")
    plugfw.file_with("bl602.flash", flash)
    other.start()
    answer = other.get("api/ota", update.ljust(512, b"\xff") + app, timeout=60)
    assert '"size"' in answer, answer
    other.save_and_kill()
    with open(other.flash, "rb") as f:
        now = f.read()
    assert now[0x112000:0x112000 + len(app)] == app
    assert now[0xe000:0xe000 + len(table)] == table, "the copy that counted has changed"
    copy = now[0xf000:0xf000 + len(table)]
    assert struct.unpack("<I", copy[8:12])[0] == 1 and copy[18] == 1
    assert zlib.crc32(copy[:12]) == struct.unpack("<I", copy[12:16])[0]
    assert zlib.crc32(copy[16:-4]) == struct.unpack("<I", copy[-4:])[0]


plugfw.run([
    the_main_page_opens_and_tells_who_it_is,
    a_template_is_pasted_and_the_relay_is_there,
    what_is_no_template_is_refused_and_changes_nothing,
    a_click_switches_the_relay_and_the_page_says_so,
    what_others_switch_shows_without_a_reload,
    watts_and_volts_are_seen_and_follow_the_load,
    a_password_for_wifi_is_kept_and_never_shown,
    the_plug_joins_the_network_it_was_told,
    mqtt_is_set_and_the_password_stays_hidden,
    a_name_with_markup_is_shown_as_it_is,
    settings_are_there_after_the_power_was_off,
    each_page_fits_a_desk_and_a_phone,
    an_update_for_another_chip_is_refused_in_plain_words,
    a_damaged_update_is_refused_and_the_plug_goes_on,
    an_update_is_taken_and_the_plug_starts_anew,
    the_next_update_is_taken_as_well,
    a_bl602_has_the_update_in_its_other_slot,
])
