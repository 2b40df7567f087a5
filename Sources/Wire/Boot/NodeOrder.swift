/// What a running node is asked to do, in the answer to its question for orders; an empty answer asks for nothing.
package enum NodeOrder: Equatable, Sendable {
    /// Restart in order.
    case restart
    /// Shut down in order, and switch the power off.
    case powerOff
    /// Report who is logged in.
    case sessions
    /// Fetch changed steps of the configuration, and carry them out. Each such order has another number, which the node's request names:
    /// so a recorded request fits no later order.
    case apply(number: String)
    /// Fetch what it knows of other nodes.
    case nodes

    /// As it travels.
    package var text: String {
        switch self {
        case .restart: "restart"
        case .powerOff: "power-off"
        case .sessions: "sessions"
        case .apply(let number): "apply \(number)"
        case .nodes: "nodes"
        }
    }

    /// Nil unless `text` is an order that this node knows.
    package init?(text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        switch (words.first, words.count) {
        case ("restart", 1): self = .restart
        case ("power-off", 1): self = .powerOff
        case ("sessions", 1): self = .sessions
        case ("nodes", 1): self = .nodes
        case ("apply", 2) where !words[1].isEmpty: self = .apply(number: String(words[1]))
        default: return nil
        }
    }
}
