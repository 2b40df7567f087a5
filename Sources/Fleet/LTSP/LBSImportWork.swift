import Wire

/// Goes through the elements of an `lbsconfig.xml` and says what becomes of each.
struct LBSImportWork {
    let file: String
    let ports: [SessionProtocol: Int]
    let group: GroupPath
    private var result = LBSImport()
    /// The names of the elements around the present one.
    private var path: [String] = []
    private var rule: [LoadVariable] = []
    private var weights: [Double] = []
    private var pool: TerminalPool?
    private var variable: (row: Int, name: String, weight: Double)?

    init(file: String, ports: [SessionProtocol: Int], group: GroupPath) {
        (self.file, self.ports, self.group) = (file, ports, group)
    }

    mutating func run(_ events: [XMLEvents.Event]) {
        for event in events {
            switch event {
            case .open(let name, let attributes, let line):
                path.append(name)
                open(Element(name: name, attributes: attributes, line: line))
            case .close: close(path.popLast() ?? "")
            case .text(let line): note("text", line, .notSupported, "the load balancer reads no text")
            }
        }
        if result.rows.first?.element != "lbsconfig" {
            result.problems.append(
                LTSPProblem(
                    error: "this is not an lbsconfig.xml: its first element is not ‘lbsconfig’", file, 1))
        } else if result.servers.isEmpty {
            result.problems.append(LTSPProblem(warning: "there is no server in it", file, nil))
        }
    }

    /// Rules are for all groups, wherever they stand.
    func finished() -> LBSImport {
        var result = result
        // Weights may have fractions there; only their proportions count.
        let scale = weights.allSatisfy { $0 == $0.rounded() } ? 1.0 : 100.0
        let rule = zip(rule, weights).map { variable, weight in
            var variable = variable
            let scaled = (weight * scale).rounded()
            variable.weight = Int(min(max(scaled, 1), Double(LoadVariable.weights.upperBound)))
            return variable
        }
        for index in result.pools.indices where !rule.isEmpty { result.pools[index].rule = rule }
        guard !result.isRefused else {
            (result.servers, result.pools, result.usualPool) = ([], [], nil)
            return result
        }
        return result
    }

    private struct Element {
        var name: String
        var attributes: [XMLEvents.Attribute]
        var line: Int

        subscript(attribute: String) -> String? { attributes.first { $0.name == attribute }?.value }

        /// Those that are not among `known`.
        func others(than known: String...) -> String? {
            let others = attributes.map(\.name).filter { !known.contains($0) }
            return others.isEmpty ? nil : others.joined(separator: ", ")
        }
    }

    private mutating func note(_ element: String, _ line: Int, _ fate: LBSImport.Fate, _ text: String) {
        result.rows.append(
            LBSImport.Row(
                file: file, line: line, element: PlainText(element.beginning(byteCount: 100)).description,
                fate: fate, text: PlainText(text.beginning(byteCount: 500)).description))
    }

    // MARK: Elements

    private mutating func open(_ element: Element) {
        switch path.joined(separator: "/") {
        case "lbsconfig": note("lbsconfig", element.line, .taken, "the load balancer’s configuration")
        case "lbsconfig/lbservice": service(element)
        case "lbsconfig/lbslave":
            let isSlave = element["is-slave"]?.lowercased() == "true"
            note(
                "lbslave", element.line, isSlave ? .notSupported : .dropped,
                isSlave
                    ? "this server places log-ins itself: import the master’s file instead"
                    : "there is one load balancer: this server")
        case "lbsconfig/mgmtservice":
            note("mgmtservice", element.line, .dropped, "pages, API and roost show servers and pools")
        case "lbsconfig/nodes": note("nodes", element.line, .taken, "terminal servers")
        case "lbsconfig/nodes/group": begin(element)
        case "lbsconfig/nodes/group/node": server(element, in: element["name"] ?? "")
        case "lbsconfig/nodes/node":
            note(
                "node \(element["name"] ?? "")", element.line, .notSupported,
                "it is in no group: no log-in went to it")
        case "lbsconfig/rules": note("rules", element.line, .taken, "the rule of each pool")
        case "lbsconfig/rules/variable": begin(variable: element)
        case "lbsconfig/rules/variable/rule": end(rule: element)
        default:
            note(element.name, element.line, .notSupported, "the load balancer has no such element there")
        }
    }

    private mutating func close(_ name: String) {
        switch (path.joined(separator: "/"), name) {
        case ("lbsconfig/nodes", "group"):
            if let pool { result.pools.append(pool) }
            pool = nil
        case ("lbsconfig/rules", "variable"):
            if let variable {
                result.rows[variable.row].fate = .notSupported
                result.rows[variable.row].text = "it has no rule, so it counted for nothing"
            }
            variable = nil
        default: break
        }
    }

    private mutating func service(_ element: Element) {
        var texts: [String] = []
        if let listen = element["listen"] {
            texts.append("listen \(listen): nodes ask this server, not a port")
        }
        if element["max-threads"] != nil { texts.append("max-threads: not needed") }
        if let delay = element["refresh-delay"] {
            texts.append("refresh-delay \(delay): agents report every 5 s")
        }
        if let returns = element["returns"] {
            texts.append("returns \(returns): nodes get address, port and certificate")
        }
        if let others = element.others(than: "listen", "max-threads", "refresh-delay", "returns") {
            texts.append("\(others): not known")
        }
        note("lbservice", element.line, .dropped, texts.joined(separator: "; "))
    }

    private mutating func begin(_ element: Element) {
        let label = "group \(element["name"] ?? "")"
        guard let name = Self.name(element["name"] ?? "").flatMap({ try? PoolName($0) }),
            !result.pools.contains(where: { $0.name == name })
        else {
            note(label, element.line, .notSupported, "it has no name of its own that can be used")
            return
        }
        pool = TerminalPool(
            name: name, group: group, levels: [TerminalPool.Level()],
            protocols: SessionProtocol.allCases.filter { ports[$0] != nil })
        var texts = ["pool \(name)"]
        if element["default"]?.lowercased() == "true", result.usualPool == nil {
            result.usualPool = name
            texts.append("the usual one: nodes without another use it (pool=\(name))")
        }
        if let others = element.others(than: "name", "default") { texts.append("\(others): not known") }
        note(
            label, element.line, name.text == element["name"] ? .taken : .translated,
            texts.joined(separator: "; "))
    }

    private mutating func server(_ element: Element, in name: String) {
        let label = "node \(name)"
        guard pool != nil else {
            return note(label, element.line, .notSupported, "its group is not imported")
        }
        guard let (host, port) = Self.host(of: element["address"] ?? "") else {
            return note(
                label, element.line, .notSupported, "address: ‘\(element["address"] ?? "")’ has no host in it"
            )
        }
        guard let own = Self.name(name.isEmpty ? host : name).flatMap({ try? TerminalName($0) }) else {
            return note(label, element.line, .notSupported, "it has no name that can be used")
        }
        if let there = result.servers.first(where: { $0.name == own }) {
            guard there.address == host else {
                return note(
                    label, element.line, .notSupported,
                    "terminal server \(own) is there already, at \(there.address)")
            }
        } else {
            result.servers.append(TerminalServer(name: own, group: group, address: host, ports: ports))
        }
        if pool?.levels[0].servers.contains(own) == false { pool?.levels[0].servers.append(own) }
        var texts = ["terminal server \(own) at \(host)"]
        if let port { texts.append("port \(port) was the old agent’s: install roost-agent there") }
        if let others = element.others(than: "name", "address") { texts.append("\(others): not known") }
        note(label, element.line, own.text == name ? .taken : .translated, texts.joined(separator: "; "))
    }

    // MARK: Rules

    private mutating func begin(variable element: Element) {
        let name = element["name"] ?? ""
        let label = "variable \(name)"
        guard let figure = LoadFigure(rawValue: name) else {
            let all = LoadFigure.allCases.map(\.rawValue).joined(separator: ", ")
            return note(label, element.line, .notSupported, "agents do not report it; they report \(all)")
        }
        guard let weight = Double(element["weight"] ?? "1"), weight.isFinite, weight > 0 else {
            return note(
                label, element.line, .notSupported, "weight ‘\(element["weight"] ?? "")’ is not above 0")
        }
        guard !rule.contains(where: { $0.figure == figure }), rule.count < LoadVariable.countLimit else {
            return note(label, element.line, .notSupported, "it is there already")
        }
        variable = (result.rows.count, name, weight)
        let others = element.others(than: "name", "weight").map { "; \($0): not known" } ?? ""
        note(label, element.line, .taken, "it counts \(element["weight"] ?? "1")\(others)")
    }

    private mutating func end(rule element: Element) {
        guard let variable, let figure = LoadFigure(rawValue: variable.name) else {
            return note(
                "rule", element.line, .notSupported, "its variable is not imported, or has a rule already")
        }
        do throws(InvalidSetting) {
            guard let capacity = element["capacity"] else { throw InvalidSetting("it has no capacity") }
            let made = LoadVariable(
                figure, weight: 1, capacity: try LoadExpression(capacity),
                critical: try element["critical"].map { text throws(InvalidSetting) in
                    try LoadExpression(text)
                })
            rule.append(made)
            weights.append(variable.weight)
            self.variable = nil
            var texts = ["capacity \(capacity)"]
            if let critical = element["critical"] { texts.append("critical \(critical)") }
            let usesFrequency = (capacity + (element["critical"] ?? "")).contains(
                LoadFigure.processorFrequency.rawValue)
            if usesFrequency { texts.append("CPUFREQ counts as 2400: agents do not report it") }
            if let others = element.others(than: "capacity", "critical") {
                texts.append("\(others): not known")
            }
            note(
                "rule of \(figure.rawValue)", element.line, usesFrequency ? .translated : .taken,
                texts.joined(separator: "; "))
        } catch {
            note("rule of \(figure.rawValue)", element.line, .notSupported, error.description)
        }
    }

    // MARK: Names

    /// Lower-case letters, digits and hyphens of a name; a host name’s first label; nil when nothing is left.
    private static func name(_ text: String) -> String? {
        let isAddress = IPv4Address(text) != nil
        let label = isAddress ? text[...] : text.prefix { $0 != "." }
        var name = ""
        for character in label.lowercased() {
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            if isPlain { name.append(character) } else if name.last != "-", !name.isEmpty { name.append("-") }
        }
        name = String(name.prefix(63))
        while name.last == "-" { name.removeLast() }
        return name.isEmpty ? nil : name
    }

    /// The host in `http://HOST:PORT/`, or in `HOST:PORT`.
    private static func host(of address: String) -> (host: String, port: Int?)? {
        var rest = address[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { $0 != "/" && $0 != "?" }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let host = parts.first,
            host.wholeMatch(of: /[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?/) != nil
        else { return nil }
        return (String(host), parts.count == 2 ? Int(parts[1]) : nil)
    }
}
