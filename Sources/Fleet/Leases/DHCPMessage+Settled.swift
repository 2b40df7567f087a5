import Wire

/// Corrects common client errors about the addresses in a message.
extension DHCPMessage {
    /// The server that the client chose; some clients give 0.0.0.0, which they took from `siaddr` of an offer.
    var namedServer: IPv4Address? {
        guard let server = (try? options.value(of: .serverIdentifier)) ?? nil, server != .any else {
            return nil
        }
        return server
    }

    /// The message with the sender's address in `ciaddr`, as far as it can be known.
    ///
    /// Clients that look for a new address fill in their old one (RFC 2131 §4.4.1 requires zero), and clients that inform leave theirs out,
    /// although they send from it.
    ///
    /// - Parameter source: the datagram's source; nil when unknown.
    func settled(from source: IPv4Address?) -> Self {
        var settled = self
        switch (try? options.value(of: .messageType)) ?? nil {
        case .discover: settled.clientAddress = .any
        case .inform where clientAddress == .any && relay == .any:
            settled.clientAddress = source ?? .any
        case .request where namedServer != nil:
            // An offer is accepted, and option 50 says which.
            let requested = (try? options.value(of: .requestedAddress)) ?? nil
            if let requested, requested != clientAddress { settled.clientAddress = .any }
        default: break
        }
        return settled
    }
}
