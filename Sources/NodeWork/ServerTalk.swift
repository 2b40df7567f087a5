import Glibc
import Linux
import Sealing
package import Wire

/// The node's side of the boot HTTP server: one request per connection.
package struct ServerTalk {
    private static let timeoutSeconds = 10
    /// A configuration has a few files.
    private static let answerByteLimit = 64 << 20

    /// Half a minute in all.
    private static let (busyAttempts, busyMicroseconds) = (300, useconds_t(100_000))

    private let words: KernelWords

    package init(_ words: KernelWords) { self.words = words }

    /// Reports a stage, and with the stage `root` which tree was mounted. `uptime`: when it was reached, if not now.
    package func report(stage: String, detail: String, uptime: String?) throws {
        var query = "boot=\(words.boot)&stage=\(stage)"
        if stage == "root", let tree = words.tree { query += "&tree=\(tree)" }
        if let age = Self.age(of: uptime, now: Self.uptimeMilliseconds()) { query += "&age=\(age)" }
        _ = try request("POST", "/node/\(words.machine)/report?\(query)", body: Array(detail.utf8))
    }

    /// - Parameter hardware: as ``HardwareInventory`` makes it.
    package func sendHardware(_ hardware: JSONText) throws {
        _ = try request(
            "POST", "/node/\(words.machine)/hardware?boot=\(words.boot)", body: Array(hardware.text.utf8))
    }

    /// - Parameter sessions: as ``LoggedIn`` makes it.
    func sendSessions(_ sessions: JSONText) throws {
        _ = try request(
            "POST", "/node/\(words.machine)/sessions?boot=\(words.boot)", body: Array(sessions.text.utf8))
    }

    /// - Parameter results: as ``StepReports`` has them.
    func sendSteps(_ results: [UInt8], of phase: StepPhase) throws {
        _ = try request(
            "POST", "/node/\(words.machine)/steps?boot=\(words.boot)&phase=\(phase.rawValue)", body: results)
    }

    /// Fetches the configuration, sealed to the key of this boot, and saves the archive in it at `path`.
    package func fetchConfiguration(to path: String) throws {
        let key = try BootKey.read()
        let sealed = try askUntilReady(
            "POST", "/node/\(words.machine)/configuration?boot=\(words.boot)", body: key.publicBytes)
        let archive = try key.open(
            sealed, of: words.machine, in: words.boot, from: WholeFile.read(BootKey.serverPath))
        let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.write(archive)
    }

    /// What the server asks this node to do; nil: nothing.
    func fetchOrder() throws -> NodeOrder? {
        let body = try request("GET", "/node/\(words.machine)/orders?boot=\(words.boot)", body: [])
        return NodeOrder(rawValue: String(decoding: body, as: UTF8.self))
    }

    /// What this node knows of others, as its server signed it.
    func fetchKnownNodes() throws -> StepWork {
        let question = SignedAnswer.newQuestion()
        let answer = try request(
            "GET", "/node/\(words.machine)/nodes?boot=\(words.boot)&question=\(question)", body: [])
        let content = try SignedAnswer.content(
            of: answer, to: question, of: words.machine, in: words.boot,
            from: WholeFile.read(BootKey.runningServerPath))
        var wire = content.span
        return try StepWork(parsing: &wire)
    }

    private static func uptimeMilliseconds() -> Int? {
        (try? WholeFile.read("/proc/uptime")).flatMap {
            milliseconds(String(decoding: $0.prefix { $0 != 0x20 }, as: UTF8.self))
        }
    }

    /// Milliseconds since the kernel's clock showed `uptime`; nil if that is impossible.
    package static func age(of uptime: String?, now: Int?) -> Int? {
        guard let then = uptime.flatMap(milliseconds), let now, now >= then else { return nil }
        return now - then
    }

    /// `12.34` seconds.
    package static func milliseconds(_ text: String) -> Int? {
        let parts = text.split(separator: ".")
        guard let seconds = parts.first.flatMap({ UInt32($0) }).map(Int.init) else { return nil }
        let hundredths = parts.count > 1 ? Int(UInt8(parts[1].prefix(2)) ?? 0) : 0
        return seconds * 1_000 + hundredths * 10
    }

    /// The server answers 503 while it writes the receipts for this node's secrets.
    private func askUntilReady(_ method: String, _ target: String, body: [UInt8]) throws -> [UInt8] {
        var attempts = 1
        while true {
            do { return try request(method, target, body: body) } catch let refusal as ServerRefusal {
                guard refusal.status == 503, attempts < Self.busyAttempts else { throw refusal }
            }
            attempts += 1
            usleep(Self.busyMicroseconds)
        }
    }

    private func request(_ method: String, _ target: String, body: [UInt8]) throws -> [UInt8] {
        let socket = try Socket.connected(
            to: words.http.address, port: words.http.port, timeoutSeconds: Self.timeoutSeconds)
        try socket.write(
            Array(
                """
                \(method) \(target) HTTP/1.1\r\nHost: \(words.http.address)\r\nConnection: close\r\n\
                Content-Length: \(body.count)\r\n\r\n
                """.utf8) + body)
        var answer: [UInt8] = []
        while case let more = try socket.read(atMost: 65_536), !more.isEmpty {
            answer += more
            guard answer.count <= Self.answerByteLimit else {
                throw UsageError(text: "the answer to \(target) is too long")
            }
        }
        return try Self.body(of: answer, to: "\(method) \(target)")
    }

    private static func body(of answer: [UInt8], to what: String) throws -> [UInt8] {
        let answer = try HTTPReply(parsing: answer)
        guard answer.isSuccess else {
            let text = PlainText(String(decoding: answer.body.prefix(200), as: UTF8.self))
            throw ServerRefusal(
                status: answer.status, description: "\(what): status \(answer.status): \(text)")
        }
        return answer.body
    }
}
