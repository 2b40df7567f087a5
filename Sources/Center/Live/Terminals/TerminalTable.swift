import Fleet

/// What is known of each terminal server, and the same as placement sees it.
///
/// A log-in is compared with every server of its pool, and hundreds come in a second. So what placement reads lies ready side by side, and is
/// made anew for a server only when something else becomes known of it: nothing is looked up by name for each log-in, and no report is copied.
struct TerminalTable {
    /// What the configuration says of one server, as far as placement reads it.
    private struct Declared {
        let record: TerminalServer
        let protocols: SessionProtocols

        init(_ record: TerminalServer) {
            self.record = record
            protocols = record.ports.keys.set
        }
    }

    /// The revision of the configuration that all of the following is of.
    private(set) var revision = -1
    private var slots: [TerminalName: Int] = [:]
    // By slot. A server is in the configuration, or known, or both.
    private var names: [TerminalName] = []
    private var declared: [Declared?] = []
    private var terminals: [LiveTerminals.Terminal?] = []
    /// As placement sees them.
    private(set) var servers: [PlacementServer] = []
    /// Slots of servers with opening hours, and the moment for which it is said whether they are open.
    private var timed: [Int] = []
    private var moment: WeekMoment?

    /// Nil where nothing is known of the server but what the configuration says.
    subscript(name: TerminalName) -> LiveTerminals.Terminal? {
        get { slots[name].flatMap { terminals[$0] } }
        _modify {
            if let slot = slots[name] {
                defer { show(slot) }
                yield &terminals[slot]
            } else {
                var terminal: LiveTerminals.Terminal?
                defer { if let terminal { change(name, isNew: true) { $0 = terminal } } }
                yield &terminal
            }
        }
    }

    /// Changes what is known of a server, without a copy of it.
    ///
    /// - Parameter isNew: whether one of which nothing is known is added.
    /// - Returns: nil where nothing is known of it, and it is not added.
    @discardableResult
    mutating func change<Result>(
        _ name: TerminalName, isNew: Bool = false, _ body: (inout LiveTerminals.Terminal) -> Result
    ) -> Result? {
        guard let slot = slots[name] ?? (isNew ? add(name) : nil) else { return nil }
        if terminals[slot] == nil, isNew {
            terminals[slot] = LiveTerminals.Terminal(placed: PlacementServer(name: name.text))
        }
        defer { show(slot) }
        return terminals[slot]?.change(body)
    }

    /// All of which something is known beside the configuration, in no order.
    var all: [(key: TerminalName, value: LiveTerminals.Terminal)] {
        zip(names, terminals).compactMap { name, terminal in terminal.map { (name, $0) } }
    }

    func isHeard(_ name: TerminalName, at time: Int) -> Bool {
        slots[name].map { terminals[$0]?.placed.isHeard(at: time) ?? false } ?? false
    }

    /// The slot of a server of the configuration.
    func slot(of name: TerminalName) -> Int? { slots[name].flatMap { declared[$0] == nil ? nil : $0 } }

    func hasReported(_ name: TerminalName) -> Bool { slots[name].map(hasReported) ?? false }

    /// Whether its agent ever reported.
    func hasReported(_ slot: Int) -> Bool { terminals[slot]?.report != nil }

    // MARK: As placement sees them

    /// Follows the configuration.
    mutating func follow(_ snapshot: FleetSnapshot) {
        guard revision != snapshot.revision else { return }
        let known = all
        let records = snapshot.contents.terminals.servers
        self = Self()
        revision = snapshot.revision
        for record in records.values {
            let slot = add(record.name)
            declared[slot] = Declared(record)
            if !record.hours.isEmpty { timed.append(slot) }
        }
        for (name, terminal) in known { terminals[slots[name] ?? add(name)] = terminal }
        for slot in servers.indices { show(slot) }
    }

    /// Opens and closes servers by their hours.
    mutating func follow(_ moment: WeekMoment) {
        guard self.moment != moment else { return }
        self.moment = moment
        for slot in timed {
            servers[slot].isOpen = declared[slot]?.record.hours.areOpen(at: moment) ?? true
        }
    }

    /// Does something while a log-in on its way to each of these does not count, to one that is named twice two.
    mutating func withoutOne(to slots: [Int], _ body: ([PlacementServer]) -> Placement) -> Placement {
        for slot in slots { servers[slot].underwayCount -= 1 }
        defer { for slot in slots { servers[slot].underwayCount += 1 } }
        return body(servers)
    }

    private mutating func add(_ name: TerminalName) -> Int {
        slots[name] = names.count
        names.append(name)
        declared.append(nil)
        terminals.append(nil)
        servers.append(PlacementServer(name: name.text))
        return names.count - 1
    }

    /// Makes anew what placement sees of one server.
    private mutating func show(_ slot: Int) {
        var server = terminals[slot]?.placed ?? PlacementServer(name: names[slot].text)
        if let record = declared[slot]?.record {
            server.weight = record.weight
            server.sessionLimit = record.sessionLimit
            server.protocols = declared[slot]?.protocols ?? []
            server.release = record.release ?? server.release
            server.lacksCertificate = LiveTerminals.lacksCertificate(record, isReported: hasReported(slot))
            server.isDraining = record.admission != .open
            server.isOpen = servers[slot].isOpen
        }
        servers[slot] = server
    }
}

extension LiveTerminals.Terminal {
    fileprivate mutating func change<Result>(_ body: (inout Self) -> Result) -> Result { body(&self) }
}
