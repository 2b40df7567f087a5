import Foundation
import Testing

/// Keys without a letter (WebDriver §17.4.2).
enum Key {
    static let tab = "\u{E004}"
    static let enter = "\u{E007}"
    static let shift: Character = "\u{E008}"
    static let control: Character = "\u{E009}"
    static let escape = "\u{E00C}"
    static let right = "\u{E014}"
    static let down = "\u{E015}"
}

/// A real Chromium, driven over WebDriver (W3C WebDriver, 2018) as a person would use it.
///
/// With `inLab`, browser and driver run in the laboratory's namespace. curl talks to the driver, because it can go there as well.
final class Browser {
    private let process: Process
    private let prefix: [String]
    private let base: String
    private let profile: String
    private var session = ""

    init(inLab: Bool = false, language: String = "en") throws {
        prefix = inLab ? ["ip", "netns", "exec", BootLab.namespace] : []
        profile = NSTemporaryDirectory() + "roost-browser-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: profile, withIntermediateDirectories: true)
        let port: Substring
        (process, port) = try Self.startDriver(prefix, in: profile)
        base = "http://127.0.0.1:\(port)"
        let options: [String: Any] = [
            // The same engine without a desktop's windows, which needs a third of the processor. The program itself: the driver
            // would end only the script around it.
            "binary": "/usr/lib/chromium/chromium-headless-shell",
            "args": [
                "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                "--disable-extensions", "--disable-component-update", "--disable-background-networking",
                "--no-first-run", "--lang=\(language)",
                "--window-size=1280,900", "--hide-scrollbars",
            ], "prefs": ["intl.accept_languages": language],
        ]
        let answer = try send(
            "POST", "/session",
            [
                "capabilities": [
                    "alwaysMatch": [
                        "browserName": "chrome", "acceptInsecureCerts": true, "goog:chromeOptions": options,
                        "timeouts": ["pageLoad": 60_000, "script": 60_000],
                    ]
                ]
            ])
        session = "/session/" + (try #require((answer as? [String: Any])?["sessionId"] as? String))
    }

    /// Starts chromedriver on a free port, and returns it. The browser's profile is below `directory` as well.
    private static func startDriver(_ prefix: [String], in directory: String) throws -> (Process, Substring) {
        let log = "\(directory)/driver.log"
        var said = ""
        // It takes a port that is free for IPv4, and ends when another program has the same one for IPv6: then it chooses again.
        for _ in 0..<5 {
            try Data().write(to: URL(fileURLWithPath: log))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = prefix + ["chromedriver", "--port=0"]
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
            process.standardError = process.standardOutput
            process.standardInput = FileHandle.nullDevice
            process.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": directory]) { $1 }
            try process.start()
            for _ in 0..<(10 * Pace.seconds(30)) {
                usleep(100_000)
                said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                if let port = said.firstMatch(of: /started successfully on port (\d+)/)?.1 {
                    return (process, port)
                }
                if !process.isRunning { break }
            }
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
        throw CommandFailed(command: "chromedriver", status: 1, output: said)
    }

    func quit() {
        _ = try? send("DELETE", session, nil)
        // The driver does not always end when asked.
        kill(process.processIdentifier, SIGKILL)
        process.waitForEnd()
        try? FileManager.default.removeItem(atPath: profile)
    }

    // MARK: WebDriver

    @discardableResult
    private func send(_ method: String, _ path: String, _ body: [String: Any]?) throws -> Any? {
        var arguments = [
            "-s", "-m", String(Pace.seconds(90)), "-X", method, "-H", "Content-Type: application/json",
        ]
        if let body {
            // In a file: a script such as axe's exceeds the length of a command line.
            let file = "\(profile)/request.json"
            try JSONSerialization.data(withJSONObject: body).write(to: URL(fileURLWithPath: file))
            arguments += ["--data-binary", "@\(file)"]
        }
        let words = prefix + ["curl"] + arguments + [base + path]
        let text = try BootLab.run("env", words)
        let answer = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
        let value = (answer as? [String: Any])?["value"]
        if let error = value as? [String: Any], let name = error["error"] as? String {
            throw CommandFailed(
                command: "\(method) \(path)", status: 1, output: "\(name): \(error["message"] ?? "")")
        }
        return value
    }

    // MARK: User actions

    func open(_ url: String) throws { try send("POST", session + "/url", ["url": url]) }

    var url: String { (try? send("GET", session + "/url", nil)) as? String ?? "" }
    var title: String { (try? send("GET", session + "/title", nil)) as? String ?? "" }
    /// All readable text on the page.
    var text: String { (try? run("return document.body.innerText")) as? String ?? "" }

    @discardableResult
    func run(_ script: String, _ arguments: [Any] = []) throws -> Any? {
        try send("POST", session + "/execute/sync", ["script": script, "args": arguments])
    }

    /// Waits for the element: a page may still be loading.
    private func element(_ selector: String) throws -> String {
        var found: String?
        try Pace.wait(
            10, until: "the page has ‘\(selector)’", state: { "\(url) ‘\(title)’: \(text.prefix(2_000))" }
        ) {
            let answer = try? send(
                "POST", session + "/element",
                ["using": selector.hasPrefix("/") ? "xpath" : "css selector", "value": selector])
            found = (answer as? [String: Any])?.values.first as? String
            return found != nil
        }
        return try #require(found)
    }

    func click(_ selector: String) throws {
        try send("POST", session + "/element/\(element(selector))/click", [:])
    }

    /// Clicks the button or link with exactly this `label`.
    func press(_ label: String) throws {
        try click("//button[normalize-space()='\(label)'] | //a[normalize-space()='\(label)']")
    }

    /// Replaces a field's content with `text`.
    func type(_ text: String, into selector: String) throws {
        let field = try element(selector)
        try send("POST", session + "/element/\(field)/clear", [:])
        try send("POST", session + "/element/\(field)/value", ["text": text])
    }

    /// Opens a page of the control center as `name`, who is not logged in yet.
    func logIn(to url: String, as name: String = BootLab.administrator) throws {
        try open(url)
        try type(name, into: "#name")
        try type(CenterServer.password, into: "#password")
        try press("Log in")
    }

    /// Chooses an entry of a list by its text.
    func choose(_ option: String, in selector: String) throws {
        try run(
            """
            const list = document.querySelector(arguments[0]);
            list.value = [...list.options].find((one) => one.text === arguments[1]).value;
            list.dispatchEvent(new Event("input", {bubbles: true}));
            list.dispatchEvent(new Event("change", {bubbles: true}));
            """, [selector, option])
    }

    /// Presses keys in the focused element.
    func keys(_ keys: String) throws {
        let actions = keys.flatMap { key in
            [["type": "keyDown", "value": String(key)], ["type": "keyUp", "value": String(key)]]
        }
        try send(
            "POST", session + "/actions",
            ["actions": [["type": "key", "id": "keyboard", "actions": actions]]])
    }

    /// Presses keys together: each is held until the last one is down.
    func chord(_ keys: Character...) throws {
        let down = keys.map { ["type": "keyDown", "value": String($0)] }
        let up = keys.reversed().map { ["type": "keyUp", "value": String($0)] }
        try send(
            "POST", session + "/actions",
            ["actions": [["type": "key", "id": "keyboard", "actions": down + up]]])
    }

    /// Moves the keyboard to the element, as people do without a mouse.
    ///
    /// How many times Tab is pressed is counted on the page, and sent at once: a request for each key costs more than all else. Where it
    /// leads is looked at afterwards, and what was counted wrongly is made up for key by key.
    func tab(to selector: String) throws {
        let count =
            try run(
                """
                const from = document.activeElement;
                const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
                  .filter((one) => one.tabIndex >= 0 && !one.matches(":disabled") && one.type !== "hidden" && one.checkVisibility()
                    && (from === document.body || from.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING));
                return stops.findIndex((one) => one.matches(arguments[0])) + 1;
                """, [selector]) as? Int ?? 0
        if count > 0 { try keys(String(repeating: Key.tab, count: count)) }
        for _ in 0..<150 {
            if try run("return document.activeElement.matches(arguments[0])", [selector]) as? Bool == true {
                return
            }
            try keys(Key.tab)
        }
        throw CommandFailed(command: "tab to \(selector)", status: 1, output: text)
    }

    /// The same backwards.
    func tab(backTo selector: String) throws {
        for _ in 0..<20 {
            if try run("return document.activeElement.matches(arguments[0])", [selector]) as? Bool == true {
                return
            }
            try chord(Key.shift, Character(Key.tab))
        }
        throw CommandFailed(command: "tab back to \(selector)", status: 1, output: text)
    }

    func resize(_ width: Int, _ height: Int) throws {
        try send("POST", session + "/window/rect", ["width": width, "height": height])
    }

    /// Waits until the page shows `words`.
    func waitFor(_ words: String, seconds: Int = 30) throws {
        try Pace.wait(
            seconds, until: "the page shows ‘\(words)’", state: { "\(url): \(text.prefix(3_000))" }
        ) { text.contains(words) }
    }

    /// A screenshot for the guide, and for people: `make screenshots`.
    func screenshot(_ name: String) throws {
        guard ProcessInfo.processInfo.environment["ROOST_SCREENSHOTS"] != nil else { return }
        let base64 = try #require(try send("GET", session + "/screenshot", nil) as? String)
        let directory = "\(BootLab.repository)/docs/guide/screenshots"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let data = try #require(Data(base64Encoded: base64))
        try data.write(to: URL(fileURLWithPath: "\(directory)/\(name).png"))
    }

    /// Switches the preferred colour scheme to dark, or back to light.
    func prefersDark(_ isDark: Bool) throws {
        try send(
            "POST", session + "/goog/cdp/execute",
            [
                "cmd": "Emulation.setEmulatedMedia",
                "params": [
                    "features": [["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]]
                ],
            ])
    }

    // MARK: Checks

    /// Serious findings of axe-core on this page: rule and place. An empty `rules` means all of them.
    func axeFindings(rules: [String] = []) throws -> [String] {
        // It is half a megabyte: each page loads it once.
        if try run("return !window.axe") as? Bool ?? true {
            let axe = "\(BootLab.repository)/.build/python/axe_core_python/axe.min.js"
            try run(try String(contentsOfFile: axe, encoding: .utf8) + "; window.axe = axe;")
        }
        let answer = try send(
            "POST", session + "/execute/async",
            [
                "script": """
                const [rules, done] = arguments;
                // Only violations are examined, and nothing needs to be reloaded for them.
                const options = {resultTypes: ["violations"], preload: false};
                if (rules.length) options.runOnly = rules;
                axe.run(options).then((result) => done(result.violations
                  .filter((one) => one.impact === "serious" || one.impact === "critical")
                  .map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 150)).join(" | "))));
                """, "args": [rules],
            ])
        return answer as? [String] ?? ["axe did not answer"]
    }

    /// Whether the page is wider than its window.
    var scrollsSideways: Bool {
        (try? run("return document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"))
            as? Bool
            ?? true
    }
}
