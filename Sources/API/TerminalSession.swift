package import Fleet
package import Wire

/// A session on a terminal server.
package struct TerminalSessionAnswer: Codable, Sendable, Equatable {
    package var server: TerminalName
    /// Of the server.
    package var group: GroupPath
    /// Unique on the server as long as it runs.
    package var id: String
    /// `a person` for callers who may not see who is where.
    package var user: String
    package var kind: SessionProtocol
    package var display: String
    /// Seconds since 1970.
    @SecondTimestamp package var startedAt: Int
    /// Seconds since the last key press; nil: not known.
    package var idle: Int?
    package var isConnected: Bool
    /// When no display showed it any more: seconds since 1970; nil: one does, or it is not known.
    @SecondTimestamp package var disconnectedAt: Int?
    /// The node where it is shown, or the client's address; empty: neither is known, or not for this caller.
    package var place: String
    /// The node where it is shown, and its group; nil: none is known that this caller sees.
    package var node: NodeName?
    package var nodeGroup: GroupPath?
    /// The client's; nil: it is not known, or not for this caller.
    package var address: String?
    /// When its server last told of it: seconds since 1970.
    @SecondTimestamp package var heardAt: Int
    /// Its server has fallen silent: whether the session is still there is not known.
    package var isUncertain: Bool
    /// ``standing``, for programs; nil: the answering server does not say it.
    package private(set) var state: TerminalSessionState?

    package init(
        server: TerminalName, group: GroupPath, id: String, user: String, kind: SessionProtocol,
        display: String, startedAt: Int, idle: Int?, isConnected: Bool, disconnectedAt: Int? = nil,
        place: String, node: NodeName? = nil, nodeGroup: GroupPath? = nil, address: String? = nil,
        heardAt: Int, isUncertain: Bool
    ) {
        self.server = server
        self.group = group
        self.id = id
        self.user = user
        self.kind = kind
        self.display = display
        self.startedAt = startedAt
        self.idle = idle
        self.isConnected = isConnected
        self.disconnectedAt = disconnectedAt
        self.place = place
        self.node = node
        self.nodeGroup = nodeGroup
        self.address = address
        self.heardAt = heardAt
        self.isUncertain = isUncertain
        state = standing
    }

    /// The same, whichever server answers.
    package var standing: TerminalSessionState {
        isUncertain ? .serverSilent : isConnected ? .connected : .disconnected
    }
}

/// How a session on a terminal server stands.
package enum TerminalSessionState: String, Codable, Sendable, CaseIterable {
    /// Nothing is heard of its server any more: whether the session is still there is not known.
    case serverSilent = "server-silent"
    /// A display shows it.
    case connected
    /// It goes on, and no display shows it.
    case disconnected
}

/// What people read in their sessions.
package struct SessionMessageRequest: Codable, Sendable {
    package var text: String

    package init(text: String) { self.text = text }
}

/// A session on a terminal server that has ended.
package struct PastTerminalSessionAnswer: Codable, Sendable, Equatable {
    package var server: TerminalName
    /// `a person` for callers who may not see who was where.
    package var user: String
    package var kind: SessionProtocol
    /// Seconds since 1970.
    @SecondTimestamp package var startedAt: Int
    @SecondTimestamp package var endedAt: Int
    package var place: String

    package init(
        server: TerminalName, user: String, kind: SessionProtocol, startedAt: Int, endedAt: Int, place: String
    ) {
        self.server = server
        self.user = user
        self.kind = kind
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.place = place
    }
}
