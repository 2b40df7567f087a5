/// An `lts.conf` of LTSP 4 and 5 as getltscfg reads it, with every problem of its lines.
///
/// A problem that is an error made getltscfg lose the rest of the file; this reader goes on with the next line, and the caller decides.
package struct LTSConf: Sendable {
    /// One line NAME = VALUE.
    package struct Setting: Equatable, Sendable {
        /// In upper case.
        package var name: String
        /// As getltscfg prints it, before a shell evaluates it.
        package var text: String
        package var place: LTSPPlace
        /// What the shell makes of ``text``.
        var word: ShellWord
        /// Whether the shell takes a part of ``text`` for a command, so that the variable gets no value.
        var isLost = false
    }

    /// A header with its lines.
    package struct Section: Sendable {
        package var name: String
        package var place: LTSPPlace
        package internal(set) var settings: [Setting] = []
        /// The sections that it takes over, the strongest first.
        package internal(set) var likes: [Like] = []
        /// In lower case: names are compared without case.
        var key: [UInt8]
    }

    /// One line LIKE = SECTION.
    package struct Like: Equatable, Sendable {
        package var name: String
        package var place: LTSPPlace
        var key: [UInt8]
    }

    package internal(set) var sections: [Section] = []
    /// In the order of their files and lines.
    package internal(set) var problems: [LTSPProblem] = []
    /// The first section of each name, which is the one that counts.
    private(set) var sectionOfKey: [[UInt8]: Int] = [:]
    /// The sections with wildcards in their names.
    private(set) var patterns: [(index: Int, pattern: GlobPattern)] = []
    private(set) var defaultSection: Int?
    /// What each section takes over by LIKE, in the order of its lines.
    private(set) var targets: [[Int]] = []

    /// - Parameters:
    ///   - file: its name, for problems and origins.
    ///   - contents: the bytes of an included file; nil when there is none.
    package init(
        _ bytes: [UInt8], file: String = "lts.conf", including contents: (String) -> [UInt8]? = { _ in nil }
    ) {
        var reader = LTSConfReader()
        reader.read(bytes, file, including: contents)
        sections = reader.sections
        problems = reader.problems
        index()
        noteLikes()
        noteChapters()
        problems = Array(problems.prefix(LTSPLimit.problemCount))
    }

    package var errors: [LTSPProblem] { problems.filter(\.isError) }

    private mutating func index() {
        for (index, section) in sections.enumerated() {
            let pattern = GlobPattern(section.key)
            if pattern.hasWildcard { patterns.append((index, pattern)) }
            if let first = sectionOfKey[section.key] {
                let line = sections[first].place
                problems.append(
                    LTSPProblem(
                        warning:
                            "[\(section.name)] is already at \(line.file):\(line.line), and only that one counts",
                        section.place.file, section.place.line))
            } else {
                sectionOfKey[section.key] = index
            }
        }
        defaultSection = sectionOfKey[Array("default".utf8)]
        targets = sections.map { section in section.likes.compactMap { sectionOfKey[$0.key] } }
    }

    /// LIKE lines that mean nothing, and circles, which getltscfg follows for ever.
    private mutating func noteLikes() {
        let takesDefaultOver = sections.indices.contains { index in
            index != defaultSection && targets[index].contains { $0 == defaultSection }
        }
        for (index, section) in sections.enumerated() where sectionOfKey[section.key] == index {
            for like in section.likes {
                if index == defaultSection {
                    if takesDefaultOver {
                        warn(
                            "LIKE in [\(section.name)] counts only for machines whose sections take [\(section.name)] over",
                            like)
                    } else {
                        warn("LIKE means nothing in [\(section.name)]", like)
                    }
                } else if sectionOfKey[like.key] == nil {
                    warn("there is no section [\(like.name)]", like)
                }
            }
        }
        var state = [Int: Bool]()
        for index in sections.indices where index != defaultSection { followLikes(from: index, &state) }
    }

    /// Sections for all clients in an `ltsp.conf`.
    private static let sectionsOfLaterReleases = ["clients", "common"].map { Array($0.utf8) }

    /// Sections that are no machine's, as forms write them that take sections for chapters: ‘[LDM Options]’.
    private mutating func noteChapters() {
        let taken = Set(sections.flatMap(\.likes).map(\.key))
        for section in sections where !taken.contains(section.key) {
            if defaultSection == nil, Self.sectionsOfLaterReleases.contains(section.key) {
                problems.append(
                    LTSPProblem(
                        warning:
                            "[\(section.name)] means nothing in an lts.conf: if this is an ltsp.conf, import it as one",
                        section.place.file, section.place.line))
            }
            guard !section.key.allSatisfy(Self.isOfMachines), !GlobPattern(section.key).hasWildcard else {
                continue
            }
            problems.append(
                LTSPProblem(
                    warning:
                        "no machine is called ‘\(section.name)’, and no LIKE takes the section over: its lines are for none",
                    section.place.file, section.place.line))
        }
    }

    /// Whether a host name, an address or a card's address may have the byte.
    private static func isOfMachines(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: Array("-.:_".utf8).contains(byte)
        }
    }

    private mutating func warn(_ text: Sentence, _ like: Like) {
        problems.append(LTSPProblem(warning: text, like.place.file, like.place.line))
    }

    /// Depth first, without recursion: chains may be as long as the file.
    ///
    /// - Parameter state: true: all that it takes over was followed; false: it is on the path; nil: not seen.
    private mutating func followLikes(from start: Int, _ state: inout [Int: Bool]) {
        guard state[start] == nil else { return }
        var path = [(section: start, next: 0)]
        state[start] = false
        while let last = path.last {
            let likes = sections[last.section].likes
            guard last.next < likes.count else {
                state[last.section] = true
                path.removeLast()
                continue
            }
            path[path.count - 1].next += 1
            let like = likes[last.next]
            guard let target = sectionOfKey[like.key] else { continue }
            switch state[target] {
            case true?: continue
            case false?:
                let circle = path.drop { $0.section != target }.map { "[\(sections[$0.section].name)]" }
                problems.append(
                    LTSPProblem(
                        error:
                            "LIKE goes in a circle: \((circle + [circle.first ?? ""]).joined(separator: " → "))",
                        like.place.file, like.place.line))
            case nil:
                state[target] = false
                path.append((target, 0))
            }
        }
    }
}
