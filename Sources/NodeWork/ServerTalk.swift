import Glibc
import Linux
package import Sealing
package import Wire

/// The node's side of the boot HTTP server: one request per connection.
package struct ServerTalk {
    private static let timeoutSeconds = 10
    /// What keeps a shutdown waiting is short.
    private static let endTimeoutSeconds = 3
    /// A configuration has a few files.
    private static let answerByteLimit = 64 << 20

    /// How often a proof is tried that the server does not know.
    private static let proofAttempts = 3

    private let words: KernelWords
    private let wait: (Int) -> Void

    /// - Parameter wait: what is done for some milliseconds before the server is asked again.
    package init(_ words: KernelWords, wait: @escaping (Int) -> Void = { usleep(useconds_t($0 * 1_000)) }) {
        (self.words, self.wait) = (words, wait)
    }

    /// Reports a stage, and with the stage `root` which tree was mounted. `uptime`: when it was reached, if not now.
    package func report(stage: String, detail: String, uptime: String?) throws {
        var query = "boot=\(words.boot)&stage=\(stage)"
        if stage == "root", let tree = words.tree { query += "&tree=\(tree)" }
        let reached = uptime.flatMap(Self.milliseconds) ?? Self.uptimeMilliseconds()
        func send(within seconds: Int) throws {
            let age = Self.age(of: reached, now: Self.uptimeMilliseconds()).map { "&age=\($0)" } ?? ""
            _ = try request(
                "POST", "/node/\(words.machine)/report?\(query)\(age)", body: Array(detail.utf8),
                within: seconds)
        }
        switch stage {
        case "off": try send(within: Self.endTimeoutSeconds)
        // The step waits for itself and is tried again, and so is the person who sees that.
        case "failed": try send(within: Self.timeoutSeconds)
        default: try ServerPatience.keep(wait: wait) { try send(within: Self.timeoutSeconds) }
        }
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

    /// - Parameters:
    ///   - results: as ``StepReports`` has them.
    ///   - isAddition: they were applied to the running node.
    func sendSteps(_ results: [UInt8], of phase: StepPhase, isAddition: Bool) throws {
        let query = "boot=\(words.boot)&phase=\(phase.rawValue)" + (isAddition ? "&applied=1" : "")
        _ = try request("POST", "/node/\(words.machine)/steps?\(query)", body: results)
    }

    /// Fetches the configuration, sealed to the key of this boot, and saves the archive in it at `path`.
    package func fetchConfiguration(to path: String) throws {
        try fetchConfiguration(
            to: path, as: BootKey.read(), from: WholeFile.read(BootKey.serverPath), tpm: NodeTPM.isThere)
    }

    /// - Parameters:
    ///   - server: its public key.
    ///   - tpm: whether this machine has a TPM to show.
    package func fetchConfiguration(
        to path: String, as key: NodeKey, from server: [UInt8], tpm: Bool
    ) throws {
        let (sealed, credential) = try tpm ? askWithTPM(key) : (ask(with: key), nil)
        var archive = try key.open(sealed, of: words.machine, in: words.boot, from: server)
        if let credential, TPMCredential.isSealed(archive) { archive = try credential.open(archive) }
        let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.write(archive)
    }

    /// Fetches the changed steps that this node is to carry out while it runs, sealed to a key of their own.
    ///
    /// - Parameter order: its number.
    func fetchChangedSteps(order: String) throws -> [AppliedStep] {
        guard let runKey = RunKey(bytes: try WholeFile.read(RunningNode.runKeyPath)) else {
            throw UsageError(text: "\(RunningNode.runKeyPath) is no key")
        }
        let key = NodeKey()
        let sealed = try request(
            "POST", "/node/\(words.machine)/apply?boot=\(words.boot)",
            body: runKey.request(with: key, of: words.machine, in: words.boot, order: order))
        let list = try key.open(
            sealed, of: words.machine, in: words.boot, from: WholeFile.read(RunningNode.serverKeyPath))
        var wire = list.span
        return try [AppliedStep](parsing: &wire)
    }

    /// Asks for the configuration.
    private func ask(with key: NodeKey, proof: [UInt8] = []) throws -> [UInt8] {
        try askUntilReady(
            "POST", "/node/\(words.machine)/configuration?boot=\(words.boot)", body: key.publicBytes + proof)
    }

    /// The same, proving this machine's TPM.
    private func askWithTPM(_ key: NodeKey) throws -> (sealed: [UInt8], TPMCredential?) {
        for _ in 0..<Self.proofAttempts {
            guard let credential = try credential(for: key) else { break }
            let proof = credential.proof(for: key.publicBytes, of: words.machine, in: words.boot)
            do {
                return (try ask(with: key, proof: proof), credential)
            } catch let refusal as ServerRefusal where refusal.status == 409 {
                // The server was restarted, and has forgotten its challenge.
                continue
            }
        }
        return (try ask(with: key), nil)
    }

    /// What the TPM opens of the server's challenge; nil with one that fails, or when the server does not want to see it.
    /// Whether the node may boot without it is the server's to say. A server that is away says nothing of the TPM.
    private func credential(for key: NodeKey) throws -> TPMCredential? {
        let target = "/node/\(words.machine)/tpm?boot=\(words.boot)"
        do {
            let answer = String(decoding: try askUntilReady("GET", target, body: []), as: UTF8.self)
            guard let wish = TPMWish(rawValue: String(answer.prefix { $0 != "\n" })), wish != .nothing
            else { return nil }
            return try TPMPatience.keep(wait: wait, tell: Self.tell) {
                let tpm = try NodeTPM(wish)
                let challenge = try askUntilReady(
                    "POST", target, body: tpm.introduction(with: key.publicBytes))
                return try tpm.open(challenge)
            }
        } catch let refusal as ServerRefusal where refusal.status == 404 {
            // An older server.
            return nil
        } catch let error as BrokenConnection {
            throw error
        } catch let refusal as ServerRefusal where refusal.status == 503 {
            throw refusal
        } catch {
            Self.tell(error)
            return nil
        }
    }

    private static func tell(_ error: any Error) {
        let line = Array("roost-node: the TPM cannot be shown: \(error)\n".utf8)
        _ = unsafe write(STDERR_FILENO, line, line.count)
    }

    /// The mark of the server's present run, which a request for a session names.
    func fetchRunMark() throws -> String {
        let body = try request("GET", "/node/\(words.machine)/ticket?boot=\(words.boot)", body: [])
        return String(decoding: body, as: UTF8.self)
    }

    /// Asks for a session on a terminal server. The answer comes when the control center has it, 20 s later at the most.
    ///
    /// - Parameter run: ``fetchRunMark()``.
    func ask(_ request: LogInRequest, _ key: RunKey, run: String) throws -> LogInAnswer {
        let sealed = try self.request(
            "POST", "/node/\(words.machine)/ticket?boot=\(words.boot)&run=\(run)",
            body: key.seal(request, of: words.machine, in: words.boot, run: run), within: 25)
        guard let answer = key.logInAnswer(sealed, to: request, of: words.machine, in: words.boot) else {
            throw UsageError(text: "the answer to a log-in was not made with the key of this boot")
        }
        return answer
    }

    /// What the server asks this node to do; nil: nothing.
    ///
    /// - Parameter mark: of the server's state, as the last answer had it; it is replaced by the next one.
    func fetchOrder(_ mark: inout String?) throws -> NodeOrder? {
        let shown = mark.map { "&mark=\($0)" } ?? ""
        let answer = try reply("GET", "/node/\(words.machine)/orders?boot=\(words.boot)\(shown)", body: [])
        mark = StateMarkField.mark(in: answer) ?? mark
        return NodeOrder(text: String(decoding: answer.body, as: UTF8.self))
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

    /// Milliseconds since the kernel's clock showed `then`, in milliseconds; nil if that is impossible.
    package static func age(of then: Int?, now: Int?) -> Int? {
        guard let then, let now, now >= then else { return nil }
        return now - then
    }

    /// `12.34` seconds.
    package static func milliseconds(_ text: String) -> Int? {
        let parts = text.split(separator: ".")
        guard let seconds = parts.first.flatMap({ UInt32($0) }).map(Int.init) else { return nil }
        let hundredths = parts.count > 1 ? Int(UInt8(parts[1].prefix(2)) ?? 0) : 0
        return seconds * 1_000 + hundredths * 10
    }

    /// The server answers 503 while it writes the receipts for this node's secrets, and not at all while it is started anew. What is asked
    /// again is the same request with the same key: the server knows that it has answered it, and counts no second one.
    private func askUntilReady(_ method: String, _ target: String, body: [UInt8]) throws -> [UInt8] {
        try ServerPatience.keep(wait: wait) { try request(method, target, body: body) }
    }

    private func request(
        _ method: String, _ target: String, body: [UInt8], within seconds: Int = Self.timeoutSeconds
    ) throws -> [UInt8] {
        try reply(method, target, body: body, within: seconds).body
    }

    /// Asks once.
    private func reply(
        _ method: String, _ target: String, body: [UInt8], within seconds: Int = Self.timeoutSeconds
    ) throws -> HTTPReply {
        let answer: [UInt8]
        do throws(SystemError) {
            answer = try wholeAnswer(method, target, body: body, within: seconds)
        } catch { throw BrokenConnection(error) }
        guard answer.count <= Self.answerByteLimit else {
            throw UsageError(text: "the answer to \(target) is too long")
        }
        let reply: HTTPReply
        do throws(WireError) { reply = try HTTPReply(parsing: answer) } catch {
            // A server that dies meanwhile says nothing, or a part.
            guard case .truncated = error else { throw error }
            throw BrokenConnection(SystemError("read the answer to \(target)", number: ECONNRESET))
        }
        guard reply.isSuccess else {
            let text = PlainText(String(decoding: reply.body.prefix(200), as: UTF8.self))
            throw ServerRefusal(
                status: reply.status, description: "\(method) \(target): status \(reply.status): \(text)")
        }
        return reply
    }

    /// Up to the end of the connection, or to the limit and a bit.
    private func wholeAnswer(
        _ method: String, _ target: String, body: [UInt8], within seconds: Int
    ) throws(SystemError) -> [UInt8] {
        let socket = try Socket.connected(
            to: words.http.address, port: words.http.port, timeoutSeconds: seconds)
        try Socket.send(
            Array(
                """
                \(method) \(target) HTTP/1.1\r\nHost: \(words.http.address)\r\nConnection: close\r\n\
                Content-Length: \(body.count)\r\n\r\n
                """.utf8) + body, over: socket)
        var answer: [UInt8] = []
        while answer.count <= Self.answerByteLimit, case let more = try socket.read(atMost: 65_536),
            !more.isEmpty
        {
            answer += more
        }
        return answer
    }
}
