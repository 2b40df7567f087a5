/// One step of a node's configuration as the node carries it out: small acts that know nothing of settings.
///
/// A phase's list of them travels in the node's configuration as one file, ``ConfigurationEntry/steps``.
package struct StepWork: Equatable, Sendable {
    package var name: String
    package var failure: StepFailure
    /// How often it is tried in all.
    package var attempts: UInt8
    /// For each attempt.
    package var secondLimit: UInt16
    package var acts: [StepAct]

    /// - Parameters:
    ///   - attempts: how often it is tried in all.
    ///   - secondLimit: seconds for each attempt.
    package init(
        name: String, failure: StepFailure, attempts: UInt8, secondLimit: UInt16, acts: [StepAct]
    ) {
        self.name = name
        self.failure = failure
        self.attempts = attempts
        self.secondLimit = secondLimit
        self.acts = acts
    }
}

/// One act. All paths are absolute, and lie within the node's root.
package enum StepAct: Equatable, Sendable {
    /// Copies a file of ``ConfigurationEntry/files`` to its place in the root, with its mode.
    case copy(path: String)
    /// Replaces a file.
    case write(path: String, mode: UInt32, content: [UInt8])
    /// Makes a directory, or gives an existing one this mode and owner.
    case directory(path: String, mode: UInt32, uid: UInt32, gid: UInt32)
    /// Makes a directory where there is nothing.
    case place(path: String)
    /// Replaces `path` with a link. Without its target it fails, or does nothing unless `isRequired`.
    case link(path: String, target: String, isRequired: Bool)
    /// Keeps these lines at the end of a file, between two marks with this name: carried out again, it replaces them.
    case lines(path: String, name: String, text: String)
    /// Replaces or adds the line of a file that has the same first field: `/etc/passwd`.
    case account(path: String, line: String)
    /// Sets a field, counted from 0, of the line that begins with `key`; it fails without that line, unless there is no such file.
    case field(path: String, key: String, index: UInt8, value: String)
    /// Replaces or adds a user: a line of `/etc/passwd`, its line of `/etc/shadow`, and its home.
    ///
    /// - `group`: the name of the group whose number belongs into the line; empty: the number is there.
    /// - `password`: a hash, or `*`.
    case user(line: String, group: String, password: String)
    /// Adds a user to a group.
    case member(group: String, user: String)
    /// Writes `/etc/resolv.conf`: these lines, with the network's name servers if they name none.
    case resolver(text: String)
    /// Sets a kernel parameter: `net.ipv4.ip_forward`.
    case kernel(name: String, value: String)
    /// Has a service of systemd (`unit`) or OpenRC (`name`) started or not: `enable`, `remove`, `mask`.
    case service(unit: String, name: String, wish: String)
    /// Has units of systemd not started, as far as the image has them and no file of its own in their place.
    case idle(units: [String])
    /// Runs `/etc/roost/timers/NAME` at these moments: by a timer of systemd, or else by cron.
    case timer(name: String, calendar: String, cron: String)
    /// Fails unless something is mounted there.
    case mounted(path: String)
    /// Runs a program of the root.
    case program(words: [String])
    /// Runs a text with the root's own shell.
    case shell(text: String)
    /// The same with variables, by name, whose values are in files: they are in no list of programs, and taken out of what is told.
    case secretShell(text: String, files: [String: String])
}

extension StepWork: WireCodable {
    /// The most bytes of a text, and the most texts of a list.
    package static let (textLimit, listLimit) = (4 << 20, 4_096)

    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        name = try wire.text()
        guard let failure = StepFailure(rawValue: try wire.text()) else { throw .invalid("failure") }
        self.failure = failure
        attempts = try wire.read()
        secondLimit = try wire.read()
        let count: UInt16 = try wire.read()
        acts = []
        for _ in 0..<count { acts.append(try StepAct(parsing: &wire)) }
    }

    package func write(to wire: inout [UInt8]) {
        wire.write(text: name)
        wire.write(text: failure.rawValue)
        wire.write(attempts)
        wire.write(secondLimit)
        let written = acts.prefix(Int(UInt16.max))
        wire.write(UInt16(written.count))
        for act in written { act.write(to: &wire) }
    }
}

extension StepAct: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        let kind: UInt8 = try wire.read()
        switch kind {
        case 1: self = .copy(path: try wire.text())
        case 2: self = .write(path: try wire.text(), mode: try wire.read(), content: try wire.content())
        case 3:
            self = .directory(
                path: try wire.text(), mode: try wire.read(), uid: try wire.read(), gid: try wire.read())
        case 4:
            let (path, target, flag): (String, String, UInt8) = (
                try wire.text(), try wire.text(), try wire.read()
            )
            self = .link(path: path, target: target, isRequired: flag != 0)
        case 5: self = .lines(path: try wire.text(), name: try wire.text(), text: try wire.text())
        case 6: self = .account(path: try wire.text(), line: try wire.text())
        case 7:
            self = .field(
                path: try wire.text(), key: try wire.text(), index: try wire.read(), value: try wire.text())
        case 8: self = .member(group: try wire.text(), user: try wire.text())
        case 9: self = .resolver(text: try wire.text())
        case 10: self = .kernel(name: try wire.text(), value: try wire.text())
        case 11: self = .mounted(path: try wire.text())
        case 12:
            self = .program(words: try wire.texts())
        case 13: self = .shell(text: try wire.text())
        case 14: self = .place(path: try wire.text())
        case 15:
            self = .user(line: try wire.text(), group: try wire.text(), password: try wire.text())
        case 16:
            self = .service(unit: try wire.text(), name: try wire.text(), wish: try wire.text())
        case 17:
            let text = try wire.text()
            let count: UInt16 = try wire.read()
            var files: [String: String] = [:]
            for _ in 0..<count { files[try wire.text()] = try wire.text() }
            self = .secretShell(text: text, files: files)
        case 18:
            self = .timer(name: try wire.text(), calendar: try wire.text(), cron: try wire.text())
        case 19: self = .idle(units: try wire.texts())
        default: throw .invalid("act")
        }
    }

    package func write(to wire: inout [UInt8]) {
        func texts(_ kind: UInt8, _ texts: String...) {
            wire.append(kind)
            for text in texts { wire.write(text: text) }
        }
        switch self {
        case .copy(let path): texts(1, path)
        case .write(let path, let mode, let content):
            texts(2, path)
            wire.write(mode)
            wire.write(content: content)
        case .directory(let path, let mode, let uid, let gid):
            texts(3, path)
            for number in [mode, uid, gid] { wire.write(number) }
        case .link(let path, let target, let isRequired):
            texts(4, path, target)
            wire.append(isRequired ? 1 : 0)
        case .lines(let path, let name, let text): texts(5, path, name, text)
        case .account(let path, let line): texts(6, path, line)
        case .field(let path, let key, let index, let value):
            texts(7, path, key)
            wire.append(index)
            wire.write(text: value)
        case .member(let group, let user): texts(8, group, user)
        case .resolver(let text): texts(9, text)
        case .kernel(let name, let value): texts(10, name, value)
        case .mounted(let path): texts(11, path)
        case .program(let words):
            wire.append(12)
            wire.write(texts: words)
        case .idle(let units):
            wire.append(19)
            wire.write(texts: units)
        case .shell(let text): texts(13, text)
        case .place(let path): texts(14, path)
        case .user(let line, let group, let password): texts(15, line, group, password)
        case .service(let unit, let name, let wish): texts(16, unit, name, wish)
        case .timer(let name, let calendar, let cron): texts(18, name, calendar, cron)
        case .secretShell(let text, let files):
            texts(17, text)
            let written = files.sorted { $0.key < $1.key }.prefix(StepWork.listLimit)
            wire.write(UInt16(written.count))
            for (name, path) in written {
                wire.write(text: name)
                wire.write(text: path)
            }
        }
    }
}

extension Span<UInt8> {
    fileprivate mutating func content() throws(WireError) -> [UInt8] {
        let count: UInt32 = try read()
        guard count <= StepWork.textLimit else {
            throw .tooLong("text", count: Int(count), limit: StepWork.textLimit)
        }
        return try read(byteCount: Int(count))
    }

    mutating func text() throws(WireError) -> String {
        String(decoding: try content(), as: UTF8.self)
    }

    fileprivate mutating func texts() throws(WireError) -> [String] {
        let count: UInt16 = try read()
        guard count <= StepWork.listLimit else {
            throw .tooLong("words", count: Int(count), limit: StepWork.listLimit)
        }
        var texts: [String] = []
        for _ in 0..<count { texts.append(try text()) }
        return texts
    }
}

extension [UInt8] {
    fileprivate mutating func write(content: [UInt8]) {
        write(UInt32(content.count))
        append(contentsOf: content)
    }

    mutating func write(text: String) { write(content: Array(text.utf8)) }

    fileprivate mutating func write(texts: [String]) {
        let written = texts.prefix(StepWork.listLimit)
        write(UInt16(written.count))
        for text in written { write(text: text) }
    }
}
