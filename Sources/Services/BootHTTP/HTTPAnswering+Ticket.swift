import Wire

extension HTTPAnswering {
    /// `POST /node/MAC/ticket?boot=ID` with a sealed ``LogInRequest``: where a person's session is, with what opens it, sealed for this
    /// request. The answer comes when the control center has it. 503: ask again; 409: ask with a new request; 504: there is no answer.
    func ticket(_ request: HTTPRequestHead, body: [UInt8], machine: MACAddress, peer: IPv4Address)
        -> HTTPAnswer
    {
        guard request.method == "POST", let boot = request.query("boot") else {
            return .notAllowed("POST", "a running node posts a sealed request here")
        }
        guard body.count <= LogInRequest.byteLimit else {
            return .error(413, "at most \(LogInRequest.byteLimit) bytes")
        }
        return context.logIn(body, of: machine, in: boot, at: peer)
    }
}
