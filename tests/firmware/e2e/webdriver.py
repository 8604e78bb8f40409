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


class Replaced(Failed):
    """What one has had of the page is of the page before, or of the values before."""


REPLACED = ("stale element reference", "no such element", "javascript error",
            "element click intercepted", "detached shadow root")


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
        port = plugfw.wait_for("chromedriver", self.port)
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
            "goog:loggingPrefs": {"browser": "ALL"}}}}, timeout=plugfw.LIMIT_S)
        self.base += "/" + made["sessionId"]
        self.ask("POST", "/timeouts", {
            "implicit": 0, "pageLoad": 1000 * plugfw.LIMIT_S, "script": 1000 * plugfw.LIMIT_S})

    @staticmethod
    def port():
        found = re.search(r"successfully on port (\d+)", plugfw.logged("chromedriver.log"))
        return found and found.group(1)

    def ask(self, method, path, body=None, timeout=2 * plugfw.LIMIT_S):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with plugfw.opener.open(request, timeout=timeout) as r:
                return json.load(r)["value"]
        except urllib.error.HTTPError as e:
            said = json.load(e)["value"]
            raise (Replaced if said["error"] in REPLACED else Failed)(
                said["error"] + ": " + said["message"].split("\n")[0]) from None

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def address(self):
        return self.ask("GET", "/url")

    def all(self, css):
        found = self.ask("POST", "/elements", {"using": "css selector", "value": css})
        return [Element(self, e[ELEMENT]) for e in found]

    def one(self, css):
        return plugfw.wait_for("on the page: " + css, lambda: self.all(css))[0]

    def reads(self):
        """All that a person sees."""
        try:
            return self.one("body").text()
        except Replaced:
            return ""

    def sees(self, *texts):
        plugfw.wait_for(lambda: "%s on the page, which reads:\n%s" % (texts, self.reads()),
                        lambda: all(t in read for read in [self.reads()] for t in texts))

    def steady(self, ask):
        """`ask`, again when the page has been replaced meanwhile."""
        def again():
            try:
                return ask() or True
            except Replaced:
                return None
        return plugfw.wait_for("a page that stays", again)

    def click(self, css):
        self.steady(lambda: self.one(css).click())

    def press(self, label):
        """The button or link that reads so."""
        def found():
            for e in self.all("button, a"):
                if e.text().strip() == label:
                    e.click()
                    return True
            return None

        def pressed():
            try:
                return found()
            except Replaced:
                return None
        plugfw.wait_for("a button that reads " + label, pressed)

    def leaves(self, do):
        """After that there is another page, and it is there as a whole."""
        self.script("window.before=1")
        do()

        def there():
            try:
                return self.script("return !window.before&&document.readyState==='complete'")
            except Failed:  # neither the one nor the other
                return None
        plugfw.wait_for("the next page", there)

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
