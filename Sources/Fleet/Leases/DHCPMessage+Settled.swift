import Wire

/// What clients get wrong about the addresses in a message.
extension DHCPMessage {
    /// The server that the client has chosen; some name none, but 0.0.0.0, which they took from `siaddr` of an offer.
    var namedServer: IPv4Address? {
        guard let server = (try? options.value(of: .serverIdentifier)) ?? nil, server != .any else {
            return nil
        }
        return server
    }

    /// The message with the address in `ciaddr` that its sender has, as far as that can be known.
    ///
    /// Clients that look for a new address fill in the one that they had (RFC 2131 §4.4.1 asks for zero), and clients that inform
    /// leave theirs out, though it is the one that they send from.
    ///
    /// - Parameter source: of its datagram; nil when that is not known.
    func settled(from source: IPv4Address?) -> Self {
        var settled = self
        switch (try? options.value(of: .messageType)) ?? nil {
        case .discover: settled.clientAddress = .any
        case .inform where clientAddress == .any && relay == .any:
            settled.clientAddress = source ?? .any
        case .request where namedServer != nil:
            // An offer is taken, and option 50 says which.
            let requested = (try? options.value(of: .requestedAddress)) ?? nil
            if let requested, requested != clientAddress { settled.clientAddress = .any }
        default: break
        }
        return settled
    }
}
