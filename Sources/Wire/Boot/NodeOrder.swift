/// What a running node is asked to do, in the answer to its question for orders; an empty answer asks for nothing.
package enum NodeOrder: String, Sendable {
    /// Restart in order.
    case restart
    /// Report who is logged in.
    case sessions
    /// Fetch changed steps of the configuration, and carry them out.
    case apply
    /// Fetch what it knows of other nodes.
    case nodes
}
