import Glibc
import Linux
import Wire

/// Carries out the acts of steps in a root.
struct StepActing {
    /// Why an act failed, for people, with the output of its program.
    struct Failure: Error {
        var reason: String
        var isTimedOut = false
        var output = ""
    }

    /// Where programs are looked for in the root.
    private static let directories = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]
    /// Bytes of a program's output that are kept.
    static let outputLimit = 4_096

    let files: RootFiles
    /// Contains the node's files, below the root.
    let content: String
    /// The name servers of its network, in a file below the root.
    let nameServers: String
    let phase: StepPhase

    /// - Parameter secondLimit: for its programs.
    /// - Returns: what a program printed.
    func carryOut(_ act: StepAct, secondLimit: Int) throws -> String {
        switch act {
        case .program(let words): return try run(words, secondLimit: secondLimit)
        case .shell(let text): return try run(["/bin/sh", "-c", text], secondLimit: secondLimit)
        case .secretShell(let text, let paths):
            let secrets = try SecretVariables(paths, in: files)
            return try secrets.hidden {
                try run(["/bin/sh", "-c", text], secrets.values, secondLimit: secondLimit)
            }
        case .service(let unit, let name, let wish):
            return try service(unit, name, wish, secondLimit: secondLimit)
        case .idle(let units): return try idle(units)
        case .timer(let name, let calendar, let cron):
            try StepTimers(files: files).add(name, calendar: calendar, cron: cron)
        case .copy(let path):
            let source = content + path
            try files.write(path, mode: files.mode(of: source), WholeFile.read(files.path(source)))
        case .write(let path, let mode, let content): try files.write(path, mode: mode, content)
        case .directory(let path, let mode, let uid, let gid):
            try files.makeDirectory(path)
            try files.setOwner(path, mode: mode, uid: uid, gid: gid)
        case .place(let path): try files.makeDirectory(path)
        case .link(let path, let target, let isRequired):
            if files.exists(target) {
                try files.link(path, to: target)
            } else if isRequired {
                throw Failure(reason: "the image has no \(target)")
            }
        case .lines(let path, let name, let text): try files.keep(text, named: name, in: path)
        case .resolver(let text): try resolver(text)
        case .kernel(let name, let value): try setKernelParameter(name, value)
        case .mounted(let path): try requireMounted(path)
        case .account, .field, .user, .member: try account(act)
        }
        return ""
    }

    // MARK: Programs

    private func run(
        _ words: [String], _ variables: [String: String] = [:], secondLimit: Int
    ) throws -> String {
        guard let name = words.first else { throw Failure(reason: "it names no program") }
        guard let program = program(name) else { throw Failure(reason: "the image has no \(name)") }
        var environment = [
            "PATH": Self.directories.joined(separator: ":"), "HOME": "/root", "LANG": "C.UTF-8",
            "ROOST_PHASE": phase.rawValue,
        ]
        // Before init there is no systemd that could be asked: units are only enabled.
        if phase == .beforeInit { environment["SYSTEMD_OFFLINE"] = "1" }
        environment.merge(variables) { own, _ in own }
        let result = try LimitedProgram(program, Array(words.dropFirst()), environment: environment)
            .run(secondLimit: secondLimit, outputLimit: Self.outputLimit)
        let output = String(decoding: result.output, as: UTF8.self)
        if result.isTimedOut {
            throw Failure(reason: "not over after \(secondLimit) s", isTimedOut: true, output: output)
        }
        guard result.status == 0 else {
            throw Failure(reason: "it ended with status \(result.status)", output: output)
        }
        return output
    }

    private func program(_ name: String) -> String? {
        if name.contains("/") { return files.exists(name) ? name : nil }
        return Self.directories.map { "\($0)/\(name)" }.first { files.exists($0) }
    }

    private func service(_ unit: String, _ name: String, _ wish: String, secondLimit: Int) throws -> String {
        // One setting is for many images: what an image does not have need not be removed.
        if wish == "remove", !hasService(unit, name) { return "the image has no \(unit)\n" }
        if program("systemctl") != nil {
            let place = "/etc/systemd/system/\(unit)"
            guard wish != "mask" else {
                try files.link(place, to: "/dev/null")
                return ""
            }
            let verb = wish == "enable" ? "enable" : "disable"
            return try run(["systemctl", verb, "--no-reload", unit], secondLimit: secondLimit)
        }
        guard program("rc-update") != nil else {
            throw Failure(
                reason: "the image has neither systemctl nor rc-update, so its services stay as they are")
        }
        let words = wish == "enable" ? ["add", name, "default"] : ["--all", "delete", name]
        return try run(["rc-update"] + words, secondLimit: secondLimit)
    }

    /// Other init systems start none of these units.
    private func idle(_ units: [String]) throws -> String {
        guard program("systemctl") != nil else { return "" }
        // A unit that the image's makers wrote or masked themselves stays as they want it.
        let found = units.filter {
            hasService($0, $0) && !files.exists("/etc/systemd/system/\($0)")
        }
        for unit in found { try files.link("/etc/systemd/system/\(unit)", to: "/dev/null") }
        return found.isEmpty ? "" : "not started: \(found.joined(separator: ", "))\n"
    }

    private func hasService(_ unit: String, _ name: String) -> Bool {
        // getty@tty2.service is an instance of getty@.service.
        let template = unit.firstIndex(of: "@").flatMap { start in
            unit.lastIndex(of: ".").map { "\(unit[...start])\(unit[$0...])" }
        }
        let places = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"]
        return files.exists("/etc/init.d/\(name)")
            || [unit, template].compactMap(\.self).contains { unit in
                places.contains { files.exists("\($0)/\(unit)") }
            }
    }

    // MARK: The system

    private func resolver(_ text: String) throws {
        var text = text
        if !text.contains("nameserver ") {
            let servers = (try files.text(nameServers) ?? "").split(whereSeparator: \.isWhitespace)
            // Without any, the image's own file stays.
            guard !servers.isEmpty else { return }
            text += servers.map { "nameserver \($0)\n" }.joined()
        }
        try files.write("/etc/resolv.conf", mode: 0o644, Array(text.utf8))
    }

    private func setKernelParameter(_ name: String, _ value: String) throws {
        let path = name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 }
        guard !name.contains("..") else { throw Failure(reason: "\(name) is not a kernel parameter") }
        do {
            try FileDescriptor(opening: files.path("/proc/sys/\(String(path))"), flags: O_WRONLY)
                .write(Array("\(value)\n".utf8))
        } catch {
            throw Failure(
                reason: error.number == SystemError.isMissing
                    ? "this kernel has no \(name); the module that brings it may have to be loaded first"
                    : "\(name) = \(value): \(error)")
        }
    }

    private func requireMounted(_ path: String) throws {
        let places = (try files.text("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap {
            $0.split(separator: " ").dropFirst(4).first
        }
        guard places.contains(Substring(path)) else {
            throw Failure(
                reason:
                    "nothing is mounted at \(path): is its device there, and does it have that file system?")
        }
    }

    // MARK: Accounts

    private func account(_ act: StepAct) throws {
        switch act {
        case .account(let path, let line): try replace(line, in: path)
        case .field(let path, let key, let index, let value):
            guard var fields = try files.fields(of: key, in: path), Int(index) < fields.count else {
                throw Failure(reason: "there is no \(key) in \(path)")
            }
            fields[Int(index)] = value
            try replace(fields.joined(separator: ":"), in: path)
        case .user(let line, let group, let password):
            try addUser(RootFiles.fields(line), group: group, password: password)
        case .member(let group, let user):
            guard var fields = try files.fields(of: group, in: "/etc/group"), fields.count == 4 else {
                throw Failure(reason: "there is no group \(group)")
            }
            var members = fields[3].split(separator: ",").map(String.init)
            if !members.contains(user) { members.append(user) }
            fields[3] = members.joined(separator: ",")
            try replace(fields.joined(separator: ":"), in: "/etc/group")
        default: break
        }
    }

    private func replace(_ line: String, in path: String) throws {
        let key = RootFiles.fields(line).first
        try files.changeLines(of: path) { lines in
            if let index = lines.firstIndex(where: { RootFiles.fields($0).first == key }) {
                lines[index] = line
            } else {
                lines.append(line)
            }
        }
    }

    /// - Parameter fields: of its line in `/etc/passwd`.
    private func addUser(_ fields: [String], group: String, password: String) throws {
        var fields = fields
        if !group.isEmpty {
            guard let known = try files.fields(of: group, in: "/etc/group"), known.count > 2 else {
                throw Failure(reason: "there is no group \(group)")
            }
            fields[3] = known[2]
        }
        guard fields.count == 7, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else {
            throw Failure(reason: "user \(fields[0]) has no number")
        }
        try replace(fields.joined(separator: ":"), in: "/etc/passwd")
        if files.exists("/etc/shadow") {
            try replace("\(fields[0]):\(password):19000:0:99999:7:::", in: "/etc/shadow")
        }
        let home = fields[5]
        if !files.exists(home) {
            try files.makeDirectory(home)
            try files.setOwner(home, mode: 0o700, uid: uid, gid: gid)
        }
    }
}
