import Wire

extension HTTPAnswering {
    /// `GET /node/MAC/ticket?boot=ID`: the mark of the server's present run. `POST /node/MAC/ticket?boot=ID&run=MARK` with a
    /// ``LogInRequest`` that was sealed with it: where a person's session is, with what opens it, sealed for this request. The answer comes
    /// when the control center has it. 503: ask again; 409: ask for the mark, and with a new request; 504: there is no answer.
    func ticket(_ request: HTTPRequestHead, body: [UInt8], machine: MACAddress, peer: IPv4Address)
        -> HTTPAnswer
    {
        guard request.method == "POST" || request.method == "GET", let boot = request.query("boot") else {
            return .notAllowed("GET, POST", "a running node posts a sealed request here")
        }
        if request.method == "GET" {
            guard context.tracker.currentBoot(of: machine) == boot else {
                return .error(403, "this mark is for nodes in their present boot")
            }
            return HTTPAnswer(
                status: 200, fields: [("Cache-Control", "no-store")],
                body: .bytes(Array(context.logInRun.utf8)))
        }
        guard body.count <= LogInRequest.byteLimit else {
            return .error(413, "at most \(LogInRequest.byteLimit) bytes")
        }
        return context.logIn(
            body, of: machine, in: boot, run: request.query("run") ?? "", at: peer)
    }
}
