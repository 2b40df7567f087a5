import Fleet
import Glibc
import Linux

/// `roost-agent setup`: what xrdp, sshd and PAM of a terminal server need for log-ins by ticket. It may run again, and can be undone.
struct ServerSetup {
    /// As PAM and sshd call it.
    static let program = "/usr/bin/roost-agent"
    private static let kernelFile = "/etc/sysctl.d/60-roost-agent.conf"
    private static let kernelValues = [
        ("net.ipv4.tcp_keepalive_time", "30"), ("net.ipv4.tcp_keepalive_intvl", "10"),
        ("net.ipv4.tcp_keepalive_probes", "3"),
    ]

    let places: AgentPlaces
    let programs: any AgentPrograms

    /// One thing that is changed.
    struct Item {
        /// For people.
        var name: String
        var path: String
        /// The wanted content of the file; nil: it stays unchanged. Throws the reason when it cannot be made.
        var wanted: (String?) throws -> String?
        /// Without it; nil: the file goes.
        var removed: (String) -> String?
        /// What has to look at it again.
        var unit: Unit

        enum Unit { case none, xrdp, ssh, kernel }
    }

    /// How an item stands.
    struct Finding: Equatable {
        var name: String
        var path: String
        var isDone: Bool
        /// Empty: nothing prevents it.
        var problem: String
        /// The command that mends it, where that is not the set-up of an item; empty: none does.
        var repair: [String] = []
    }

    /// Something that was changed, or could not be.
    struct Outcome: Equatable {
        /// For people.
        var line: String
        var isFailure = false
    }

    private func read(_ path: String) -> String? { SmallFile.text(places.path(path)) }
    private func exists(_ path: String) -> Bool { unsafe access(places.path(path), F_OK) == 0 }

    // MARK: What there is to do

    var items: [Item] {
        var items = [
            owned(
                "a client without power is noticed within a minute", Self.kernelFile,
                Self.kernelValues.map { "\($0.0) = \($0.1)" },
                .kernel)
        ]
        if exists("/usr/sbin/xrdp") { items += ofXRDP }
        if exists("/usr/sbin/sshd") { items += ofSSH }
        return items
    }

    private var ofXRDP: [Item] {
        [
            Item(
                name: "xrdp takes log-ins only with credentials, and ends with a wrong one",
                path: "/etc/xrdp/xrdp.ini",
                wanted: { text in
                    let values = [
                        ("require_credentials", "true"), ("hidelogwindow", "true"), ("autorun", "Xorg"),
                    ]
                    guard let text,
                        let edited = ConfigurationEdit.setting(
                            values.map { (key: $0.0, value: $0.1) }, in: "Globals", of: text)
                    else { throw AgentProblem("it has no section [Globals]") }
                    return edited
                }, removed: { ConfigurationEdit.removed(from: $0) }, unit: .xrdp),
            pam("xrdp-sesman"),
            owned(
                "xrdp starts again after a crash", "/etc/systemd/system/xrdp.service.d/roost-agent.conf",
                Self.restart, .xrdp),
            owned(
                "xrdp-sesman starts again after a crash",
                "/etc/systemd/system/xrdp-sesman.service.d/roost-agent.conf", Self.restart, .xrdp),
        ]
    }

    private static let restart = ["[Service]", "Restart=on-failure", "RestartSec=1s"]

    private var ofSSH: [Item] {
        let path = "/etc/ssh/sshd_config.d/roost-agent.conf"
        var keys = owned(
            "sshd asks the agent for keys of nodes", path,
            [
                "AuthorizedKeysCommand \(Self.program) key %u %t %k", "AuthorizedKeysCommandUser root",
            ], .ssh)
        let make = keys.wanted
        keys.wanted = { [self] present in
            if let other = otherKeysCommand(than: path) {
                throw AgentProblem(
                    "\(other) has an AuthorizedKeysCommand already, and sshd has only one: nodes can use RDP, or have that command call \(Self.program) key, too"
                )
            }
            return try make(present)
        }
        return [pam("sshd"), keys]
    }

    private func otherKeysCommand(than own: String) -> String? {
        let parts = DirectoryListing.names(in: places.path("/etc/ssh/sshd_config.d"))
            .filter { $0.hasSuffix(".conf") }.map { "/etc/ssh/sshd_config.d/\($0)" }
        return (["/etc/ssh/sshd_config"] + parts).first { path in
            path != own
                && (read(path) ?? "").split(separator: "\n").contains {
                    $0.lowercased().hasPrefix("authorizedkeyscommand ")
                }
        }
    }

    /// Before the lines that ask for a password: a ticket is enough, and anything else falls through to them.
    private func pam(_ service: String) -> Item {
        Item(
            name: "PAM asks the agent about tickets for \(service)", path: "/etc/pam.d/\(service)",
            wanted: { text in
                let line = "auth sufficient pam_exec.so expose_authtok quiet \(Self.program) ticket"
                // After modules that prepare the environment, where there are some.
                guard let text,
                    let edited = ConfigurationEdit.adding([line], before: Self.asksForPassword, in: text)
                        ?? ConfigurationEdit.adding([line], before: { $0.hasPrefix("auth") }, in: text)
                else { throw AgentProblem("it has no line for ‘auth’") }
                return edited
            }, removed: { ConfigurationEdit.removed(from: $0) }, unit: .none)
    }

    /// `@include common-auth` of Debian, `substack password-auth` of others.
    private static func asksForPassword(_ line: Substring) -> Bool {
        let words = line.split { $0 == " " || $0 == "\t" }
        return words.first == "@include" && words.last == "common-auth"
            || words.first == "auth"
                && words.dropFirst().contains {
                    ["password-auth", "system-auth", "pam_unix.so"].contains($0)
                }
    }

    /// A file of our own.
    private func owned(_ name: String, _ path: String, _ lines: [String], _ unit: Item.Unit) -> Item {
        let mark = "# Written by roost-agent setup; roost-agent setup --remove removes it."
        let text = ([mark] + lines + [""]).joined(separator: "\n")
        return Item(
            name: name, path: path, wanted: { _ in text }, removed: { $0.hasPrefix(mark) ? nil : $0 },
            unit: unit)
    }

    // MARK: Doing it

    /// How everything stands, without a change.
    func check() -> [Finding] {
        items.map { item in
            do {
                let present = read(item.path)
                let isDone = try item.wanted(present) == present
                return Finding(
                    name: item.name, path: item.path, isDone: isDone,
                    problem: isDone ? "" : "not set up: run roost-agent setup")
            } catch {
                return Finding(name: item.name, path: item.path, isDone: false, problem: "\(error)")
            }
        } + (certificate().map { [$0] } ?? [])
    }

    /// Whether xrdp can read its certificate's key: else it offers no TLS, and clients say that something else is wrong.
    private func certificate() -> Finding? {
        guard exists("/usr/sbin/xrdp") else { return nil }
        let path = "/etc/xrdp/key.pem"
        let isOfGroup = (read("/etc/group") ?? "").split(separator: "\n").contains { line in
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            return parts.count == 4 && parts[0] == "ssl-cert"
                && parts[3].split(separator: ",").contains("xrdp")
        }
        let target = FileStatus(places.path(path), follows: true)
        let isNeeded = target.map { $0.user == 0 && $0.mode & 0o004 == 0 } ?? true
        let isDone = target != nil && (!isNeeded || isOfGroup || hasUser(target))
        let repair = isDone || target == nil ? [] : ["usermod", "-aG", "ssl-cert", "xrdp"]
        return Finding(
            name: "xrdp can read the key of its certificate", path: path, isDone: isDone,
            problem: isDone || target != nil
                ? repair.joined(separator: " ")
                : "there is no certificate: install ssl-cert, or put one there", repair: repair)
    }

    /// Whether the key belongs to a group of xrdp's alone.
    private func hasUser(_ status: FileStatus?) -> Bool {
        guard let status,
            let line = (read("/etc/group") ?? "").split(separator: "\n").first(where: {
                $0.hasPrefix("xrdp:")
            })
        else { return false }
        return line.split(separator: ":").dropFirst(2).first == "\(status.group)" && status.mode & 0o040 != 0
    }

    /// Sets everything up.
    func apply(hasSessions: Bool) throws -> [Outcome] {
        try change(hasSessions: hasSessions) { item, present in try item.wanted(present) }
    }

    func remove(hasSessions: Bool) throws -> [Outcome] {
        try change(hasSessions: hasSessions, isRemoval: true) { item, present in present.flatMap(item.removed)
        }
    }

    private func change(
        hasSessions: Bool, isRemoval: Bool = false, _ wanted: (Item, String?) throws -> String?
    ) throws -> [Outcome] {
        var (outcomes, units): ([Outcome], Set<Item.Unit>) = ([], [])
        for item in items {
            do {
                let present = read(item.path)
                let text = try wanted(item, present)
                guard text != present else { continue }
                try write(text, to: item.path)
                units.insert(item.unit)
                outcomes.append(
                    Outcome(line: "\(isRemoval ? "undone" : "done"): \(item.name) (\(item.path))"))
            } catch {
                outcomes.append(
                    Outcome(line: "not done: \(item.name) (\(item.path)): \(error)", isFailure: true))
            }
        }
        if !isRemoval, let finding = certificate(), let program = finding.repair.first {
            try programs.require(program, Array(finding.repair.dropFirst()))
            units.insert(.xrdp)
            outcomes.append(Outcome(line: "done: \(finding.name)"))
        }
        return outcomes + tell(units, hasSessions: hasSessions)
    }

    /// Keeps owner and mode of a file that is there.
    private func write(_ text: String?, to path: String) throws {
        let path = places.path(path)
        guard let text else {
            guard unsafe unlink(path) == 0 || errno == ENOENT else { throw SystemError("remove \(path)") }
            return
        }
        let former = FileStatus(path, follows: true)
        guard FileStatus(path)?.isLink != true else { throw AgentProblem("it is a link") }
        if former == nil, let slash = path.lastIndex(of: "/") {
            let directory = String(path[..<slash])
            guard unsafe mkdir(directory, 0o755) == 0 || errno == EEXIST else {
                throw SystemError("create \(directory)")
            }
        }
        try WholeFile.replace(path, with: Array(text.utf8), mode: 0o600, at: .agentSetup)
        guard unsafe chmod(path, (former?.mode ?? 0o644) & 0o7777) == 0,
            unsafe geteuid() != 0 || chown(path, former?.user ?? 0, former?.group ?? 0) == 0
        else { throw SystemError("give \(path) its mode") }
    }

    private var hasKernelValues: Bool {
        Self.kernelValues.allSatisfy { name, value in
            read("/proc/sys/\(name.replacing(".", with: "/"))")?.split(whereSeparator: \.isWhitespace).first
                == value[...]
        }
    }

    /// Has the services that run look at what has changed; others find it when they start, which may wait for this program in a boot. Sessions of xrdp are forgotten when it restarts, so that their people cannot come back to them.
    private func tell(_ units: Set<Item.Unit>, hasSessions: Bool) -> [Outcome] {
        var outcomes: [Outcome] = []
        func act(_ program: String, _ arguments: [String]) {
            do { try programs.require(program, arguments) } catch {
                let words = ([program] + arguments).joined(separator: " ")
                outcomes.append(Outcome(line: "not done: \(words): \(error)", isFailure: true))
            }
        }
        // This file alone, and only what is not so already: a container may set nothing. After a removal, values stay until the next start.
        if units.contains(.kernel), exists(Self.kernelFile), !hasKernelValues {
            act("sysctl", ["--quiet", "--load=\(places.path(Self.kernelFile))"])
        }
        if units.contains(.xrdp) {
            act("systemctl", ["daemon-reload"])
            if hasSessions {
                outcomes.append(
                    Outcome(
                        line:
                            "xrdp was not restarted, because its sessions would be lost: systemctl restart xrdp when it has none"
                    ))
            } else {
                act("systemctl", ["try-restart", "xrdp"])
            }
        }
        if units.contains(.ssh) { act("systemctl", ["try-reload-or-restart", "ssh"]) }
        return outcomes
    }
}
