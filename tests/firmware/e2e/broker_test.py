#!/usr/bin/env python3
"""The plug at a real broker: what Home Assistant finds and does, who notices when the power goes,
what a restart of the broker costs, and ten thousand toggles."""

import json
import time

import plugfw
from mqtt import Broker, Client

plugfw.need(plugfw.PROGRAM)
broker = Broker()
broker.start()
board = plugfw.file_with("board.json", plugfw.TEMPLATE.encode())
plug = plugfw.Plug("plug", "--template", board, "--mqtt", "127.0.0.1:%d" % broker.port)
other_broker = Broker("other")
other = plugfw.Plug("other", "--template", board, "--mqtt", "127.0.0.1:%d" % other_broker.port)
BASE = "ecr6600CCDDEEFF"
BATCH, TOGGLES = 250, 10000


def client(name, *topics, broker=broker):
    c = Client(broker, name)
    for t in topics or ("#",):
        c.subscribe(t)
    return c


def the_plug_says_that_it_is_online():
    global home
    home = client("home")
    plug.start()
    home.says(BASE + "/connected", "online")


def another_plug_vanishes_without_a_word():
    """At a broker of its own, to be looked at again when its keep-alive has passed."""
    global neighbour, vanished
    other_broker.start()
    neighbour = client("neighbour", broker=other_broker)
    other.start()
    neighbour.says(BASE + "/connected", "online")
    vanished = time.monotonic()
    other.order("wire cut")


def the_last_will_and_being_online_are_retained():
    late = client("late")
    late.wait("online, retained", lambda: late.retained.get(BASE + "/connected") == "online")
    late.close()


def a_value_is_told_when_asked_for():
    home.forget()
    home.publish(BASE + "/1/get")
    home.says(BASE + "/1/get", "0")
    home.publish(BASE + "/voltage/get")
    home.wait("volts", lambda: home.last.get(BASE + "/voltage/get", "").startswith("230"))


def set_switches_the_relay_and_the_state_comes_back():
    for payload, state in (("1", "1"), ("0", "0"), ("toggle", "1"), ("toggle", "0"), ("1", "1")):
        home.forget()
        home.publish(BASE + "/1/set", payload)
        home.says(BASE + "/1/get", state)
        assert plug.relay() == (state == "1")


def what_is_no_value_changes_nothing():
    for payload in ("", "yes please", "1e9", "99999999999999999999", "{}", "x" * 1000):
        home.publish(BASE + "/1/set", payload)
    home.publish(BASE + "/64/set", "1")
    home.publish(BASE + "/-1/set", "1")
    home.forget()
    home.publish(BASE + "/1/get")
    home.says(BASE + "/1/get", "1")
    assert plug.relay()


def the_group_is_switched_too():
    home.publish("ecr6600s/1/set", "0")
    home.says(BASE + "/1/get", "0")


def the_button_is_told():
    plug.press_button()
    home.says(BASE + "/1/get", "1")


def watts_are_told_when_the_load_changes():
    plug.load(60)
    home.wait("60 W", lambda: 57 < float(home.last.get(BASE + "/power/get", "0")) < 63)
    plug.load(1500)
    home.wait("1500 W", lambda: 1450 < float(home.last.get(BASE + "/power/get", "0")) < 1550)


def home_assistant_finds_the_plug_and_switches_it_by_what_it_found():
    home.forget()
    plug.command("scheduleHADiscovery 1")
    at = "homeassistant/switch/OpenECR6600_CCDDEEFF_relay_1/config"
    found = json.loads(home.wait("the relay's entity", lambda: home.last.get(at)))

    def topic(name):
        return found[name].replace("~", found["~"])

    assert found["uniq_id"] == "OpenECR6600_CCDDEEFF_relay_1"
    assert found["dev"]["ids"] == ["OpenECR6600_CCDDEEFF"]
    for payload in ("pl_off", "pl_on"):
        home.publish(topic("cmd_t"), found[payload])
        home.says(topic("stat_t"), found[payload])
    assert plug.relay()
    late = client("later", "homeassistant/#", topic("avty_t"))
    late.wait("it is retained", lambda: at in late.retained)
    late.says(topic("avty_t"), "online")
    late.close()


def its_sensors_are_found_and_each_has_values():
    sensors = home.wait("sensors", lambda: [
        json.loads(t) for n, t in home.last.items()
        if n.startswith("homeassistant/sensor/") and '"power"' in t])
    watts = sensors[0]
    assert watts["unit_of_meas"] == "W"
    plug.load(700)
    topic = watts["stat_t"].replace("~", watts["~"])
    home.wait("700 W", lambda: 670 < float(home.last.get(topic, "0")) < 730)


def everything_is_told_anew_when_home_assistant_starts():
    home.forget()
    home.publish("homeassistant/status", "online")
    home.says(BASE + "/1/get", "1")


def a_tasmota_command_is_answered():
    home.forget()
    home.publish("cmnd/%s/POWER" % BASE, "OFF")
    home.wait("the answer", lambda: "OFF" in home.last.get("stat/%s/RESULT" % BASE, ""))
    assert not plug.relay()


def ten_thousand_toggles_come_through_without_one_lost():
    plug.command("addEventHandler OnChannelChange 1 addChannel 5 1")
    plug.command("setChannel 1 0")
    plug.command("setChannel 5 0")
    began, done = time.monotonic(), 0
    home.publish(BASE + "/1/get")
    while done < TOGGLES:
        for _ in range(BATCH - 1):  # an odd number: the state tells of a loss as well
            home.publish(BASE + "/1/set", "toggle")
        done += BATCH - 1

        def arrived():
            if home.last.get(BASE + "/5/get") == str(done):
                return True
            home.publish(BASE + "/5/get")
            return False
        home.wait("%d toggles" % done, arrived)
        home.wait("the broker's receipts", lambda: not home.unacknowledged)
        assert plug.relay() == (done % 2 == 1)
        home.says(BASE + "/1/get", str(done % 2))
    print("# %d toggles, %.0f a second" % (done, done / (time.monotonic() - began)))
    plug.command("clearAllHandlers")
    plug.get("index")  # and the page is there as ever


def the_broker_restarts_and_the_plug_comes_back():
    global home
    home.close()
    broker.stop()
    plugfw.wait_for("the plug sees it", lambda: not plug.status()["mqtt"])
    before = plug.relay()
    plug.press_button()  # nobody needs a broker for that
    plugfw.wait_for("the relay", lambda: plug.relay() != before)
    broker.start()
    home = client("home")
    home.says(BASE + "/connected", "online")
    home.publish(BASE + "/1/get")
    home.says(BASE + "/1/get", str(int(plug.relay())))
    state = int(not plug.relay())
    home.publish(BASE + "/1/set", str(state))
    home.says(BASE + "/1/get", str(state))
    assert plug.relay() == bool(state)


def the_router_restarts_and_the_plug_comes_back():
    home.forget()
    before = plug.status()["sessions"]
    plug.order("router restart 5000")
    plugfw.wait_for("a new session", lambda: plug.status()["sessions"] > before)
    home.says(BASE + "/connected", "online")
    home.publish(BASE + "/1/set", "1")
    home.says(BASE + "/1/get", "1")


def when_the_power_goes_the_broker_says_so():
    home.forget()
    plug.save_and_kill()
    home.says(BASE + "/connected", "offline")
    late = client("late")
    late.wait("offline, retained", lambda: late.retained.get(BASE + "/connected") == "offline")
    late.close()


def what_vanished_without_a_word_is_offline_when_its_keep_alive_has_passed():
    """Power that goes takes no leave. The broker misses the pings, and then it says so."""
    neighbour.says(BASE + "/connected", "offline")
    took = time.monotonic() - vanished
    assert took > 100, "it was told by something else, after %.0f s" % took
    late = client("late", broker=other_broker)
    late.wait("offline, retained", lambda: late.retained.get(BASE + "/connected") == "offline")
    late.close()
    print("# offline %.0f s after the power went" % took)


def and_when_it_is_back_so_is_the_plug():
    home.forget()
    plug.start()
    home.says(BASE + "/connected", "online")


plugfw.run([
    another_plug_vanishes_without_a_word,
    the_plug_says_that_it_is_online,
    the_last_will_and_being_online_are_retained,
    a_value_is_told_when_asked_for,
    set_switches_the_relay_and_the_state_comes_back,
    what_is_no_value_changes_nothing,
    the_group_is_switched_too,
    the_button_is_told,
    watts_are_told_when_the_load_changes,
    home_assistant_finds_the_plug_and_switches_it_by_what_it_found,
    its_sensors_are_found_and_each_has_values,
    everything_is_told_anew_when_home_assistant_starts,
    a_tasmota_command_is_answered,
    ten_thousand_toggles_come_through_without_one_lost,
    the_broker_restarts_and_the_plug_comes_back,
    the_router_restarts_and_the_plug_comes_back,
    when_the_power_goes_the_broker_says_so,
    and_when_it_is_back_so_is_the_plug,
    what_vanished_without_a_word_is_offline_when_its_keep_alive_has_passed,
])
