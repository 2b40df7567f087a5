import Fleet
import Wire

/// The wall board of a room.
struct WallView: TemplateView {
    static let template = PageTemplate("wall", Embedded.wall_mustache)

    var heading: String
    /// The URL of its event stream.
    var events: String
    var ready: Int
    var booting: Int
    /// Failed or stuck.
    var failed: Int
    var lost: Int
    var off: Int
    var nodes: [Tile]

    struct Tile: View {
        var name: String
        var kind: String
        var state: String
    }

    /// - Parameter query: the query of the board's own link.
    init(_ group: GroupPath, _ nodes: [(name: NodeName, state: MachineState)], query: String, _ words: Words)
    {
        heading = group == .site ? words("Site") : group.description
        events = "/wall/events?\(query)"
        ready = nodes.count { $0.state == .ready }
        booting = nodes.count { $0.state == .booting }
        failed = nodes.count { $0.state == .failed || $0.state == .stuck }
        lost = nodes.count { $0.state == .lost }
        off = nodes.count { $0.state == .off }
        self.nodes = nodes.map { name, state in
            Tile(name: name.text, kind: state.rawValue, state: words(state.word))
        }
    }
}
