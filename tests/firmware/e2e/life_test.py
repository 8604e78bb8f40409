#!/usr/bin/env python3
"""The plug's life in a house: many visitors at once and bad ones among them, a bad line, mains that
go, a flash that is cut in the middle of a word, a new plug out of its box."""

import concurrent.futures
import json
import socket

import plugfw

plugfw.need(plugfw.PROGRAM)
board = plugfw.file_with("board.json", json.dumps(json.loads(plugfw.TEMPLATE), indent=2).encode())
plug = plugfw.Plug("plug", "--template", board, "--load", "60")


def page():
    return plug.get("index")


def up():
    now = plug.status()
    return now["powered"] and now["ip"] and now["radio"] != "lost"


def short_name():
    return json.loads(plug.get("api/info"))["shortName"]


def named(name):
    plug.command("ShortName " + name)
    assert short_name() == name
    plug.saves()


def its_page_is_there_and_its_load_is_switched():
    plug.start()
    assert plug.command("Power On") == '{"POWER":"ON"}'
    plugfw.wait_for("the relay is on", plug.relay)
    plugfw.wait_for("power flows", lambda: 55 < plug.status()["watt"] < 65)


def sixteen_visitors_at_once_are_served():
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        pages = list(pool.map(lambda n: page(), range(16)))
    assert all(p.rstrip().endswith("</html>") for p in pages)


def visitors_who_say_nothing_or_half_a_word_keep_nobody_out():
    bad = [socket.create_connection(("127.0.0.1", plug.port)) for n in range(10)]
    for s in bad[:5]:
        s.sendall(b"GET /ind")
    assert "</html>" in page()
    for s in bad:
        s.close()


def a_line_that_loses_frames_is_slow_and_no_more():
    plug.order("wire lose 30")
    assert page().rstrip().endswith("</html>")
    plug.order("wire delay 100")
    assert page().rstrip().endswith("</html>")
    plug.order("wire ok")


def it_is_dark_without_mains_and_itself_again_with_them():
    named("kitchen")
    plug.order("mains off")
    assert not plug.relay() and plug.status()["watt"] == 0
    plug.order("mains on")
    plugfw.wait_for("it is back", up)
    assert short_name() == "kitchen"
    assert plug.status()["reset"] == "power on"


def an_exception_restarts_it():
    plug.order("reset")
    plugfw.wait_for("it is back", up)
    assert plug.status()["reset"] == "exception"
    assert short_name() == "kitchen"


def power_that_goes_while_it_writes_leaves_the_old_or_the_new():
    for how in range(4):
        was = short_name()
        name = "room%d" % how
        plug.order("cut %d %d" % (how % 2, how))
        plug.command("ShortName " + name)
        plugfw.wait_for("the power goes", lambda: not plug.status()["powered"])
        plug.order("mains on")
        plugfw.wait_for("it is back", up)
        assert short_name() in (was, name)
        assert not plug.status()["safe"]
        named(name)


def its_flash_outlives_the_program():
    named("cellar")
    plug.kill()
    plug.start()
    assert short_name() == "cellar"
    plug.kill()


def a_new_plug_shows_its_page_at_its_own_access_point():
    new = plugfw.Plug("new", "--template", board, "--new")
    new.start()
    assert new.status()["radio"] == "access point" and new.status()["ip"] == "192.168.4.1"
    new.kill()


plugfw.run([
    its_page_is_there_and_its_load_is_switched,
    sixteen_visitors_at_once_are_served,
    visitors_who_say_nothing_or_half_a_word_keep_nobody_out,
    a_line_that_loses_frames_is_slow_and_no_more,
    it_is_dark_without_mains_and_itself_again_with_them,
    an_exception_restarts_it,
    power_that_goes_while_it_writes_leaves_the_old_or_the_new,
    its_flash_outlives_the_program,
    a_new_plug_shows_its_page_at_its_own_access_point,
])
