import CSodium
package import Wire

/// What a running node and the server say about a log-in is sealed with keys of the node's boot, another one for each direction. The key of
/// an answer is made for one request, so that no other answer fits it.
extension RunKey {
    /// - Parameter run: the mark of the server's present run. Another run knows nothing of requests to an earlier one, so none of those opens
    ///   there.
    package func seal(
        _ request: LogInRequest, of machine: MACAddress, in boot: String, run: String
    ) -> [UInt8] {
        var wire: [UInt8] = []
        request.write(to: &wire)
        return key("roost log-in request", machine, boot, run).seal(wire)
    }

    /// The request; nil: it was not made with this key, for this boot of this machine and this run of the server, or is nothing that a node
    /// asks.
    package func logInRequest(
        _ sealed: [UInt8], of machine: MACAddress, in boot: String, run: String
    ) -> LogInRequest? {
        guard sealed.count <= LogInRequest.byteLimit,
            let content = key("roost log-in request", machine, boot, run).open(sealed)
        else { return nil }
        var wire = content.span
        guard let request = try? LogInRequest(parsing: &wire), wire.isEmpty, request.isPlausible else {
            return nil
        }
        return request
    }

    package func seal(_ answer: LogInAnswer, of machine: MACAddress, in boot: String) -> [UInt8] {
        var wire: [UInt8] = []
        answer.write(to: &wire)
        return key("roost log-in answer", machine, boot, answer.id).seal(wire)
    }

    /// The answer to `request`; nil: it is none.
    package func logInAnswer(
        _ sealed: [UInt8], to request: LogInRequest, of machine: MACAddress, in boot: String
    ) -> LogInAnswer? {
        guard let content = key("roost log-in answer", machine, boot, request.id).open(sealed) else {
            return nil
        }
        var wire = content.span
        guard let answer = try? LogInAnswer(parsing: &wire), wire.isEmpty, answer.id == request.id else {
            return nil
        }
        return answer
    }

    private func key(_ purpose: String, _ machine: MACAddress, _ boot: String, _ id: String) -> SecretKey {
        Sodium.start()
        let text = Array("\(purpose)\0\(machine)\0\(boot)\0\(id)".utf8)
        var key = [UInt8](repeating: 0, count: SecretKey.byteCount)
        _ = unsafe crypto_generichash(&key, key.count, text, UInt64(text.count), bytes, bytes.count)
        return SecretKey(bytes: key)
    }
}
