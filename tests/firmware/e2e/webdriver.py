"""Headless Chromium, driven through chromedriver by the W3C protocol: as much of it as a person
needs to use a page."""

import base64
import json
import os
import re
import urllib.error
import urllib.request

import plugfw

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Failed(Exception):
    pass


class Element:
    def __init__(self, browser, identity):
        self.browser, self.path = browser, "/element/" + identity

    def text(self):
        return self.browser.ask("GET", self.path + "/text")

    def click(self):
        self.browser.ask("POST", self.path + "/click", {})

    def type(self, text):
        self.browser.ask("POST", self.path + "/value", {"text": text})

    def clear(self):
        self.browser.ask("POST", self.path + "/clear", {})

    def value(self):
        return self.browser.ask("GET", self.path + "/property/value")

    def attribute(self, name):
        return self.browser.ask("GET", self.path + "/attribute/" + name)

    def set(self, text):
        self.clear()
        self.type(text)


class Browser:
    def __init__(self):
        driver, chromium = plugfw.need("chromedriver", "chromium")
        plugfw.start([driver, "--port=0"], "chromedriver.log")
        port = plugfw.wait_for("chromedriver", 30, self.port)
        self.base = "http://127.0.0.1:%s/session" % port
        options = {
            "binary": chromium,
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--disable-background-networking", "--no-first-run", "--no-proxy-server",
                     "--window-size=1200,900", "--force-color-profile=srgb",
                     "--user-data-dir=" + os.path.join(plugfw.folder, "browser")],
        }
        made = self.ask("POST", "", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"}}}}, timeout=90)
        self.base += "/" + made["sessionId"]
        self.ask("POST", "/timeouts", {"implicit": 0, "pageLoad": 30000, "script": 20000})

    @staticmethod
    def port():
        found = re.search(r"successfully on port (\d+)", plugfw.logged("chromedriver.log"))
        return found and found.group(1)

    def ask(self, method, path, body=None, timeout=60):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with plugfw.opener.open(request, timeout=timeout) as r:
                return json.load(r)["value"]
        except urllib.error.HTTPError as e:
            raise Failed(json.load(e)["value"]["message"].split("\n")[0]) from None

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def address(self):
        return self.ask("GET", "/url")

    def all(self, css):
        found = self.ask("POST", "/elements", {"using": "css selector", "value": css})
        return [Element(self, e[ELEMENT]) for e in found]

    def one(self, css, limit_s=10):
        return plugfw.wait_for("on the page: " + css, limit_s, lambda: self.all(css))[0]

    def reads(self):
        """All that a person sees."""
        try:
            return self.one("body").text()
        except Failed:  # the page has just been replaced
            return ""

    def sees(self, text, limit_s=10):
        return plugfw.wait_for('"%s" on the page, which reads:\n%s' % (text, self.reads()), limit_s,
                               lambda: text in self.reads())

    def press(self, label):
        """The button or link that reads so."""
        def found():
            return [e for e in self.all("button, a") if e.text().strip() == label]
        plugfw.wait_for("a button that reads " + label, 10, found)[0].click()

    def script(self, text, *args):
        return self.ask("POST", "/execute/sync", {"script": text, "args": list(args)})

    def size(self, width, height, phone=False):
        self.ask("POST", "/goog/cdp/execute", {
            "cmd": "Emulation.setDeviceMetricsOverride",
            "params": {"width": width, "height": height, "deviceScaleFactor": 1,
                       "mobile": phone}})

    def picture(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.ask("GET", "/screenshot")))

    def complaints(self):
        """What the pages' scripts and loads have complained of since the last time."""
        return [e["message"] for e in self.ask("POST", "/se/log", {"type": "browser"})
                if e["level"] == "SEVERE"]

    def close(self):
        self.ask("DELETE", "")
