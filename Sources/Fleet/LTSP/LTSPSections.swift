import Wire

/// One of the two kinds of files, as far as an import asks.
package enum LTSPFile: Sendable {
    case lts(LTSConf)
    case ltsp(LTSPConf)

    /// What the header of a section names.
    enum Subject: Equatable {
        /// Every machine.
        case all
        case machine(MACAddress)
        case address(IPv4Address)
        case hostName(String)
        /// Alternatives with wildcards or `|`.
        case pattern([String])
        /// Servers and single applets of `ltsp`.
        case elsewhere(String)
    }

    struct Section {
        var name: String
        var place: LTSPPlace
        var subject: Subject
        /// The sections that it takes over, by their numbers, the strongest first.
        var takesOver: [Int] = []
        /// With values as written.
        var variables: [LTSPVariable] = []
        /// The lines LIKE or INCLUDE, with the sections that they name.
        var links: [LTSPVariable] = []
        /// Whether another one hides it.
        var isHidden = false
        /// `[init/…]`: for the program of clients, and stronger than the sections without it.
        var isOfInit = false
    }

    /// A node is a client that runs the program `init`.
    private static let initPrefix = "init/"

    package var dialect: LTSPVariableKind.Dialect {
        switch self {
        case .lts: .lts
        case .ltsp: .ltsp
        }
    }

    package var sectionCount: Int { sections.count }

    package var problems: [LTSPProblem] {
        switch self {
        case .lts(let file): file.problems
        case .ltsp(let file): file.problems
        }
    }

    package func variables(of machine: LTSPMachine) -> [LTSPVariable] {
        switch self {
        case .lts(let file): file.variables(of: machine).withFormerNames
        case .ltsp(let file): file.variables(of: machine)
        }
    }

    /// Whether a section of this name can be taken over.
    func has(_ name: String) -> Bool {
        switch self {
        case .lts(let file): file.sectionOfKey[Array(name.utf8).map(\.lowered)] != nil
        case .ltsp(let file): file.function(matching: Array(name.utf8)) != nil
        }
    }

    /// The sections in the order of the file.
    var sections: [Section] {
        switch self {
        case .lts(let file): Self.sections(of: file)
        case .ltsp(let file): Self.sections(of: file)
        }
    }

    fileprivate static func sections(of file: LTSConf) -> [Section] {
        file.sections.enumerated().map { index, section in
            let isAll = section.name.lowercased() == "default"
            return Section(
                name: section.name, place: section.place,
                subject: isAll ? .all : subject([section.name]),
                takesOver: isAll ? [] : section.likes.compactMap { file.sectionOfKey[$0.key] },
                variables: section.settings.filter { !$0.isLost }.map {
                    LTSPVariable(name: $0.name, value: $0.word.literal ?? $0.text, place: $0.place)
                },
                links: section.likes.map { LTSPVariable(name: "LIKE", value: $0.name, place: $0.place) },
                isHidden: file.sectionOfKey[section.key] != index)
        }
    }

    private static func sections(of file: LTSPConf) -> [Section] {
        let everywhere = ["unnamed", "clients", "common", initPrefix]
        // The last header of a function has its text.
        var place: [String: Int] = [:]
        var sections: [Section] = []
        if let body = file.bodies["unnamed"], body.line == 0 {
            place["unnamed"] = 0
            sections.append(section("", body, .all, file))
        }
        for header in file.headers {
            guard let body = file.bodies[header.function], place[header.function] == nil else { continue }
            let texts = header.alternatives.map(\.text.asText)
            place[header.function] = sections.count
            if texts.count == 1, everywhere.contains(texts[0]) {
                sections.append(section(body.header, body, .all, file))
                sections[sections.count - 1].isOfInit = texts[0] == initPrefix
                continue
            }
            let isOfInit = texts.allSatisfy { $0.hasPrefix(initPrefix) }
            let names = isOfInit ? texts.map { String($0.dropFirst(initPrefix.count)) } : texts
            let isElsewhere = names.contains { $0 == "server" || $0.contains("/") }
            sections.append(
                section(
                    body.header, body,
                    isElsewhere ? .elsewhere(texts.joined(separator: "|")) : subject(names),
                    file))
            sections[sections.count - 1].isOfInit = isOfInit
        }
        for (function, index) in place {
            sections[index].takesOver = (file.bodies[function]?.statements ?? []).compactMap { statement in
                guard case .call(let word, _) = statement, let text = word.literal else { return nil }
                return file.function(matching: Array(text.utf8)).flatMap { place[$0] }
            }
        }
        return sections
    }

    private static func section(_ name: String, _ body: LTSPConf.Body, _ subject: Subject, _ file: LTSPConf)
        -> Section
    {
        let place = LTSPPlace(file: file.file, line: max(1, body.line), section: name)
        let variables = body.statements.compactMap { statement in
            guard case .assign(let variable, let word, let line) = statement else {
                return nil as LTSPVariable?
            }
            return LTSPVariable(
                name: variable, value: word.asWritten,
                place: LTSPPlace(file: file.file, line: line, section: name))
        }
        let links = body.statements.compactMap { statement in
            guard case .call(let word, let line) = statement else { return nil as LTSPVariable? }
            return LTSPVariable(
                name: "INCLUDE", value: word.asWritten,
                place: LTSPPlace(file: file.file, line: line, section: name))
        }
        return Section(name: name, place: place, subject: subject, variables: variables, links: links)
    }

    private static func subject(_ names: [String]) -> Subject {
        guard names.count == 1, !GlobPattern(names[0]).hasWildcard else { return .pattern(names) }
        if names[0].utf8.count(where: { $0 == UInt8(ascii: ":") }) == 5, let mac = MACAddress(names[0]) {
            return .machine(mac)
        }
        if let address = IPv4Address(names[0]) { return .address(address) }
        return .hostName(names[0].lowercased())
    }
}
