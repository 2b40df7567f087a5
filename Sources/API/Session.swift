package import Fleet

/// A logged-in user, and where.
package struct SessionAnswer: Codable, Sendable {
    package var node: NodeName
    package var group: GroupPath
    package var session: NodeSession

    package init(node: NodeName, group: GroupPath, session: NodeSession) {
        self.node = node
        self.group = group
        self.session = session
    }
}
