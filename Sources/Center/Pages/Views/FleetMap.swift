import Fleet
import Wire

/// The nodes of the fleet by room: a square for each, or a bar where there are too many.
struct FleetMap: View {
    /// Nodes that are shown one by one, and rooms.
    private static let (squareLimit, roomLimit) = (2_000, 200)

    var rooms: [Room]
    /// Rooms that are not shown.
    var more: Int?

    struct Room: View {
        var path: String
        var link: String
        /// `22 ready · 2 lost`
        var summary: String
        /// Whether nothing in it needs a look.
        var isWell: Bool
        var squares: [Square]
        /// In place of squares.
        var bar: Bar?
    }

    struct Square: View {
        var name: String
        var kind: String
        /// `pc-1: ready`
        var title: String
    }

    struct Bar: View {
        var parts: [Part]
    }

    /// A part of a bar that is a thousand units long.
    struct Part: View {
        var kind: String
        var x: Int
        var width: Int
    }

    init(_ nodes: [GroupPath: [Acts.NodeState]], _ words: Words) {
        let hasSquares = nodes.values.reduce(0) { $0 + $1.count } <= Self.squareLimit
        let paths = nodes.keys.inNaturalOrder()
        rooms = paths.prefix(Self.roomLimit).map { path in
            Room(path, nodes[path] ?? [], hasSquares: hasSquares, words)
        }
        more = paths.count > Self.roomLimit ? paths.count - Self.roomLimit : nil
    }
}

extension FleetMap.Room {
    init(_ path: GroupPath, _ nodes: [Acts.NodeState], hasSquares: Bool, _ words: Words) {
        self.path = path == .site ? words("Site") : path.description
        link = "/nodes?q=" + Escape.component("group=\(path)")
        let counts = MachineState.allCases.map { state in
            (state: state, count: nodes.count { $0.state == state })
        }.filter { $0.count > 0 }
        summary = counts.map { "\($0.count) \(words($0.state.word))" }.joined(separator: " · ")
        isWell = !counts.contains { [.failed, .stuck, .lost].contains($0.state) }
        squares = []
        guard hasSquares else {
            var x = 0
            bar = FleetMap.Bar(
                parts: counts.map { state, count in
                    let width = max(1, count * 1_000 / max(1, nodes.count))
                    defer { x += width }
                    return FleetMap.Part(kind: state.rawValue, x: x, width: width)
                })
            return
        }
        squares = nodes.map { node in
            FleetMap.Square(
                name: node.name.text, kind: node.state.rawValue,
                title: "\(node.name): \(words(node.state.word))")
        }
    }
}
