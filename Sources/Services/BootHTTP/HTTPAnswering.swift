import Fleet
import Linux
import Sealing
import Wire

/// Turns requests into answers.
struct HTTPAnswering {
    /// The most text that a node may report at once.
    static let reportByteLimit = 4_096
    /// Known methods (RFC 9110 §9.3, RFC 5789).
    private static let methods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ]

    /// For a person who typed the server's address into a browser.
    private static let nothingHere =
        "this port is for machines that boot; the control center is at https:// with a port of its own, 8443 unless it was changed"

    let context: BootContext

    func answer(
        _ request: HTTPRequestHead, body: [UInt8], peer: IPv4Address, server: IPv4Address,
        interface: UInt32? = nil
    ) -> HTTPAnswer {
        if request.method == "GET", let known = context.immutableFiles[request.target],
            request["range"] == nil,
            request["if-none-match"] == nil, request["if-match"] == nil
        {
            return HTTPAnswer(
                status: 200, body: .file(known.file, 0..<known.file.byteCount), stage: known.stage,
                knownHead: known.head)
        }
        guard Self.methods.contains(request.method) else {
            return .error(501, "this method is not known here")
        }
        // Slashes are collapsed and never redirected: firmware takes a redirect for an error.
        guard let decoded = HTTPRequestHead.percentDecoded(request.path),
            let path = TFTPPath.canonical(decoded)
        else {
            return .error(400, "this path is not allowed")
        }
        let parts = path.split(separator: "/")
        if parts.count == 3, parts[0] == "node", let machine = MACAddress(parts[1]) {
            // All of this belongs to the machine itself: its reports, and its data.
            guard context.isOwn(machine, peer, server: server, on: interface) else {
                context.refuse(Self.property(at: parts[2]), of: machine, to: peer, on: interface)
                return .error(
                    403,
                    "only the machine itself may ask this, from the address and the network that it has by DHCP"
                )
            }
            context.hear(machine)
            if let boot = request.query("boot") { context.noteFormerBoot(boot, of: machine, at: peer) }
            switch parts[2] {
            case "report":
                guard request.method == "POST" else { return .notAllowed("POST", "reports are posted") }
                return report(request, body: body, machine: machine)
            case "hardware":
                guard request.method == "POST" else { return .notAllowed("POST", "hardware is posted") }
                return hardware(request, body: body, machine: machine)
            case "sessions":
                guard request.method == "POST" else { return .notAllowed("POST", "sessions are posted") }
                return sessions(request, body: body, machine: machine)
            case "steps":
                guard request.method == "POST" else { return .notAllowed("POST", "results are posted") }
                return steps(request, body: body, machine: machine)
            case "register": return register(request, machine: machine, peer: peer, server: server)
            case "orders": return orders(request, machine: machine, peer: peer, server: server)
            case "apply":
                return large(machine, peer) {
                    apply(request, body: body, machine: machine, peer: peer, server: server)
                }
            case "ticket": return ticket(request, body: body, machine: machine, peer: peer)
            case "tpm": return tpm(request, body: body, machine: machine, peer: peer)
            case "nodes": return knownNodes(request, machine: machine, peer: peer, server: server)
            case "configuration":
                return large(machine, peer) {
                    configuration(request, body: body, machine: machine, peer: peer, server: server)
                }
            default: break
            }
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return .notAllowed("GET, HEAD", "only GET and HEAD are answered here")
        }
        if path == "health" { return HTTPAnswer(status: 200, body: .bytes(Array("ok\n".utf8))) }
        let memory = request.query("memory").map { MachineMemory(answer: $0) }
        do {
            guard
                let content = try context.content(
                    at: path, memory: memory, for: peer, server: server, on: interface)
            else {
                return .error(404, path.isEmpty ? Self.nothingHere : "there is no \(path)")
            }
            return answer(request, content, at: path)
        } catch {
            context.limits.say(.http, .address(peer), "\(peer): \(path): \(error)")
            return .error(
                error.number == SystemError.isMissing ? 404 : 500, "the server cannot read this file")
        }
    }

    private func answer(_ request: HTTPRequestHead, _ content: BootContent, at path: String) -> HTTPAnswer {
        switch content {
        case .text(let text, let stage):
            return HTTPAnswer(
                status: 200,
                fields: [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")],
                body: .bytes(Array(text.utf8)), stage: stage)
        case .bytes(let bytes):
            return HTTPAnswer(status: 200, fields: [("Cache-Control", "no-store")], body: .bytes(bytes))
        case .file(let file, let isImmutable, let stage):
            // An immutable URL contains the digest of its content, so the path serves as an entity tag.
            let validators =
                isImmutable
                ? HTTPValidators(tag: "\"\(path.split(separator: "/").suffix(2).joined(separator: "-"))\"")
                : file.stamp.map { HTTPValidators(tag: "\"\($0.text)\"", modifiedAt: $0.writtenAt) }
            return answer(request, file, validators, isImmutable: isImmutable, stage: stage)
        }
    }

    /// A file: whole, in part, or not modified (RFC 9110 §13.1, §14).
    ///
    /// - Parameters:
    ///   - validators: nil where nothing is known of the file; then no client can know it.
    ///   - isImmutable: whether this path never has another content.
    private func answer(
        _ request: HTTPRequestHead, _ file: ServedFile, _ validators: HTTPValidators?, isImmutable: Bool,
        stage: BootStage?
    ) -> HTTPAnswer {
        var fields = [("Accept-Ranges", "bytes"), ("Content-Type", "application/octet-stream")]
        if let validators {
            // Without a word about it, a cache may keep a file that has a date for as long as it likes (RFC 9111 §4.2.2).
            let caching = isImmutable ? "public, max-age=31536000, immutable" : "no-cache"
            fields += [("ETag", validators.tag), ("Cache-Control", caching)]
            // No file was changed later than now (§8.8.2.1): the clock was.
            if let at = validators.modifiedAt, at <= context.now() / 1_000, let text = HTTPDate.text(of: at) {
                fields.append(("Last-Modified", text))
            }
        }
        switch validators?.outcome(of: request) ?? (request["if-match"] ?? "*" == "*" ? .serves : .failed) {
        case .serves: break
        case .notModified: return HTTPAnswer(status: 304, fields: fields)
        case .failed:
            return .error(
                412, "the file is not the one that the request names (If-Match, If-Unmodified-Since)")
        }
        // If-Range with another tag asks for the whole present file.
        // Ranges apply only to GET (RFC 9110 §14.2).
        let hasRange =
            request.method == "GET" && validators?.allowsPart(request) ?? (request["if-range"] == nil)
        switch HTTPByteRange(field: hasRange ? request["range"] : nil, fileByteCount: file.byteCount) {
        case .whole:
            let answer = HTTPAnswer(
                status: 200, fields: fields, body: .file(file, 0..<file.byteCount), stage: stage)
            // A fleet boots a few versions; asking for more than that is deliberate.
            if isImmutable, request.method == "GET", !request.target.contains("?"),
                context.immutableFiles.count < 256
            {
                context.immutableFiles[request.target] = (file, stage, answer.lastingHead)
            }
            return answer
        case .part(let range):
            fields.append(
                ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.byteCount)"))
            return HTTPAnswer(
                status: 206, fields: fields, body: .file(file, range),
                stage: range.upperBound == file.byteCount ? stage : nil)
        case .unsatisfiable:
            return HTTPAnswer(status: 416, fields: [("Content-Range", "bytes */\(file.byteCount)")])
        }
    }

    /// The answer for a path below a machine's own.
    private static func property(at name: Substring) -> MachineProperty {
        switch name {
        case "report", "hardware", "sessions", "steps": .report
        case "register": .registration
        case "orders", "nodes": .orders
        case "configuration", "apply", "tpm": .configuration
        case "ticket": .ticket
        default: .script
        }
    }

    /// `POST /node/MAC/report?boot=ID&stage=NAME[&age=MILLISECONDS][&tree=NODE/GENERATION]` with the detail as body. A node without a
    /// network at the time of a stage reports it later, with its age. With the stage `root`, `tree` is its own root over NFS that it mounted.
    private func report(_ request: HTTPRequestHead, body: [UInt8], machine: MACAddress) -> HTTPAnswer {
        guard let boot = request.query("boot"), isBootIdentifier(boot),
            let stage = request.query("stage").flatMap(BootStage.init(rawValue:)), stage.isReported
        else { return .error(400, "a report needs a boot and a stage that nodes report") }
        guard body.count <= Self.reportByteLimit else {
            return .error(413, "at most \(Self.reportByteLimit) bytes")
        }
        let text = String(decoding: body, as: UTF8.self)
        let age = request.query("age").flatMap { Int($0) }.map { min(max($0, 0), 600_000) } ?? 0
        let isOwn = context.report(
            stage, boot: boot, machine: machine, age: age, detail: PlainText(text).description,
            tree: stage == .root ? request.query("tree").flatMap { TreeReference($0) } : nil)
        return isOwn
            ? HTTPAnswer(status: 204)
            : .error(403, "this report belongs to another boot, or to one that has ended")
    }

    /// `POST /node/MAC/hardware?boot=ID` with JSON, accepted only during the machine's own boot.
    private func hardware(_ request: HTTPRequestHead, body: [UInt8], machine: MACAddress) -> HTTPAnswer {
        guard let boot = request.query("boot"), context.tracker.currentBoot(of: machine) == boot else {
            return .error(403, "this report belongs to another boot")
        }
        context.reportHardware(body, of: machine)
        return HTTPAnswer(status: 204)
    }

    /// `POST /node/MAC/sessions?boot=ID` with JSON: who is logged in; 403 tells the node to stop until it is asked again.
    private func sessions(_ request: HTTPRequestHead, body: [UInt8], machine: MACAddress) -> HTTPAnswer {
        guard let boot = request.query("boot"), context.tracker.currentBoot(of: machine) == boot else {
            return .error(403, "these sessions belong to another boot")
        }
        guard context.reportSessions(body, of: machine, in: boot) else {
            return .error(403, "this node is set not to report who is logged in")
        }
        return HTTPAnswer(status: 204)
    }

    /// `POST /node/MAC/steps?boot=ID&phase=PHASE[&applied]` with JSON: how the steps of a phase ended, or those that were applied to the
    /// running node. Accepted only during the machine's own boot.
    private func steps(_ request: HTTPRequestHead, body: [UInt8], machine: MACAddress) -> HTTPAnswer {
        guard let boot = request.query("boot"), let name = request.query("phase"),
            let phase = StepPhase(rawValue: name)
        else { return .error(400, "results of steps need a boot and a phase") }
        let isAddition = request.query("applied") != nil
        return context.reportSteps(body, of: phase, of: machine, in: boot, isAddition: isAddition)
            ? HTTPAnswer(status: 204) : .error(403, "these results belong to another boot")
    }

    /// `GET /node/MAC/nodes?boot=ID&question=RANDOM`: what a running node knows of others, signed with the question.
    private func knownNodes(
        _ request: HTTPRequestHead, machine: MACAddress, peer: IPv4Address, server: IPv4Address
    ) -> HTTPAnswer {
        guard request.method == "GET" else { return .notAllowed("GET", "only GET is answered here") }
        guard let boot = request.query("boot"), context.tracker.currentBoot(of: machine) == boot else {
            return .error(403, "these nodes belong to another boot")
        }
        let asked = RunningSteps.Asked(boot: boot, address: peer, server: server)
        guard context.holdsConfiguration(machine, asking: asked) else { return Self.noConfiguration }
        guard let question = request.query("question"), SignedAnswer.isQuestion(question) else {
            return .error(400, "a node asks with a question of \(SignedAnswer.questionLength) digits")
        }
        guard let nodes = context.takeKnownNodes(for: machine, in: boot) else {
            return .error(404, "this node's settings name no group that it should know")
        }
        var work: [UInt8] = []
        nodes.work.write(to: &work)
        let signed = SignedAnswer.bytes(
            work, to: question, of: machine, in: boot, by: context.settings.key)
        return HTTPAnswer(status: 200, fields: [("Cache-Control", "no-store")], body: .bytes(signed))
    }

    /// For a machine that has no configuration to begin with.
    static var noConfiguration: HTTPAnswer {
        .error(403, "this boot got no configuration, or the machine was removed or refused since: restart it")
    }

    /// `GET /node/MAC/orders?boot=ID[&mark=MARK]`: what a running node should do: `restart` (once), `apply NUMBER` changed steps until it has fetched
    /// them, report its `sessions` until it has done so, fetch the `nodes` that it knows, or nothing.
    private func orders(
        _ request: HTTPRequestHead, machine: MACAddress, peer: IPv4Address, server: IPv4Address
    ) -> HTTPAnswer {
        guard request.method == "GET" else { return .notAllowed("GET", "only GET is answered here") }
        // First: a state that was copied back does not know the boot either.
        if let mark = request.query("mark") { context.noteStateMark(mark) }
        guard let boot = request.query("boot"), context.tracker.currentBoot(of: machine) == boot else {
            return .error(403, "these orders belong to another boot")
        }
        let order = context.takeOrder(
            for: machine, asking: RunningSteps.Asked(boot: boot, address: peer, server: server))
        return HTTPAnswer(
            status: 200,
            fields: [("Cache-Control", "no-store"), (StateMarkField.name, context.stateMark)],
            body: .bytes(Array((order?.text ?? "").utf8)))
    }

    /// `POST /node/MAC/configuration?boot=ID` with the key that the node made for this boot: returns the archive of files for its root,
    /// sealed to that key. Accepted only during its own boot, and for one key. A node with secrets is told 503 until their receipts are stored.
    /// Behind the key comes the proof of a TPM, from nodes that have one: for that TPM the archive is sealed, too. 409: introduce it again.
    private func configuration(
        _ request: HTTPRequestHead, body: [UInt8], machine: MACAddress, peer: IPv4Address, server: IPv4Address
    ) -> HTTPAnswer {
        guard request.method == "POST", let boot = request.query("boot") else {
            return .notAllowed("POST", "a node posts the key of its boot here")
        }
        // A machine that waits for approval, or was refused, gets no data of the site.
        guard case .image = context.plan(for: machine, at: peer, server: server).target else {
            return .error(403, "this machine has nothing to boot, so it has no configuration")
        }
        let (key, proof) = (
            Array(body.prefix(NodeKey.publicByteCount)), Array(body.dropFirst(NodeKey.publicByteCount))
        )
        guard NodeKey.isPublicKey(key), [0, TPMCredential.proofByteCount].contains(proof.count) else {
            return .error(400, "this is not the key of a node")
        }
        let volumeKey: [UInt8]?
        do { volumeKey = try context.volumeKey(of: machine) } catch {
            context.limits.say(.http, .address(peer), "\(machine): \(error)")
            return .error(500, "the server cannot read the key of this node's volume")
        }
        let credential: TPMCredential?
        switch context.tpmRelease(to: machine, at: peer, in: boot, key: key, proof: proof) {
        case .goes(let shown): credential = shown
        case .waits: return .error(503, "this node is being bound to its TPM: ask again")
        case .unknownProof: return .error(409, "this proof is not known here: introduce the TPM again")
        case .refused(let property): return Self.refusal(property)
        }
        switch context.deliver(to: machine, at: peer, boot: boot, key: key) {
        case .first, .repeated: break
        case .spent: return spent(machine, peer)
        case .otherBoot: return .error(403, "this configuration belongs to another boot")
        }
        let secrets: [SecretFile]
        let keyText = ConfigurationDelivery(address: peer, publicKey: key).key
        switch context.secrets(for: machine, in: boot, key: keyText) {
        case .answered(let files): secrets = files
        case .spent: return spent(machine, peer)
        case .unasked, .asked:
            // Nothing goes out before its receipt is on the disk.
            return .error(503, "the receipts for the secrets of this node are being written: ask again")
        }
        let archive: [UInt8]
        do throws(UnreadableSetting) {
            archive = configurationArchive(
                of: try context.contents(for: machine, at: peer, server: server), volumeKey: volumeKey,
                secrets: secrets,
                knownNodes: { context.takeKnownNodes(in: $0, for: machine, in: boot) },
                running: context.runningKeys(of: machine, in: boot, sealedTo: keyText))
        } catch {
            context.limits.say(.http, .address(peer), "\(machine): \(error)")
            return .error(500, "the server cannot read a setting of this node")
        }
        let content = credential?.seal(archive) ?? archive
        guard let sealed = try? context.settings.key.seal(content, to: key, of: machine, in: boot) else {
            return .error(500, "the configuration cannot be sealed")
        }
        return context.onceWritten(
            HTTPAnswer(status: 200, fields: [("Cache-Control", "no-store")], body: .bytes(sealed)),
            for: machine, in: boot)
    }

    /// An answer with the stored files of a machine.
    private func large(_ machine: MACAddress, _ peer: IPv4Address, _ make: @escaping () -> HTTPAnswer)
        -> HTTPAnswer
    {
        context.largeAnswers.answer(
            context.storedByteCount(for: machine, at: peer), now: EventLoop.now(), make)
    }

    private func spent(_ machine: MACAddress, _ peer: IPv4Address) -> HTTPAnswer {
        context.refuse(.secondConfiguration, of: machine, to: peer)
        return .error(403, "the configuration of this boot was sent to another key: restart the machine")
    }

    /// `GET /node/MAC/register?name=NAME&group=GROUP&pin=PIN` from the screen of a waiting machine; the answer is an iPXE script.
    private func register(
        _ request: HTTPRequestHead, machine: MACAddress, peer: IPv4Address, server: IPv4Address
    ) -> HTTPAnswer {
        guard request.method == "GET" else { return .notAllowed("GET", "only GET is answered here") }
        let policy = context.settings.policy.on(server: server)
        guard case .waiting = context.plan(for: machine, at: peer, server: server).target else {
            return .error(403, "this machine does not wait for approval")
        }
        func answer(_ text: String) -> HTTPAnswer {
            let script = BootScript.ipxe(registered: ScreenText(text), machine: machine, under: policy).text
            return self.answer(request, .text(script, stage: nil), at: "")
        }
        let group = request.query("group") ?? ""
        guard let name = try? NodeName(request.query("name") ?? "") else {
            return answer("a name has letters, digits and hyphens, 63 at most")
        }
        let place = try? GroupPath(group.isEmpty ? "/" : group)
        // Without it the log tells what becomes of the name.
        let tells = context.registrationHints.takes(now: EventLoop.now())
        guard let group = place, !tells || group == .site || context.snapshot.groups[group] != nil else {
            return answer("there is no such group")
        }
        guard !tells || context.snapshot.nodes[name] == nil else {
            return answer("another node has this name")
        }
        context.reportRegistration(
            Registration(name: name, group: group, pin: String((request.query("pin") ?? "").prefix(64))),
            of: machine)
        return answer("noted")
    }

    private func isBootIdentifier(_ text: String) -> Bool {
        text.utf8.count == 16
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
