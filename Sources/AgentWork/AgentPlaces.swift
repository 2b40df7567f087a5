/// Where things of the agent, and of the machine, are.
package struct AgentPlaces: Sendable {
    /// Stands before every path: empty, or the directory that a test takes for the whole machine.
    package var root: String

    package init(root: String = "") { self.root = root }

    package func path(_ path: String) -> String { root + path }

    /// What stays: who the agent is, and what it has to tell.
    package static let stateDirectory = "/var/lib/roost-agent"
    /// What lasts until the machine starts again.
    package static let runDirectory = "/run/roost-agent"

    var identity: String { path("\(Self.stateDirectory)/identity.json") }
    var events: String { path("\(Self.stateDirectory)/events") }
    var door: String { path("\(Self.runDirectory)/door.sock") }
    /// Those whose log-ins were prepared since the machine's start.
    var people: String { path("\(Self.runDirectory)/people") }
    /// What was seen last.
    var seen: String { path("\(Self.runDirectory)/seen.json") }
}
