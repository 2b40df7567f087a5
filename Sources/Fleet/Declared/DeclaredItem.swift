/// One record in a file of the configuration.
package struct DeclaredItem: Codable, Equatable, Sendable {
    /// The list that it is in: `nodes`.
    package var member: String
    package var fields: DeclaredValue
    /// For errors; empty where there is none.
    package var file: String
    package var line: Int?
    /// The lines of members, by their JSON pointers.
    package var lines: [String: Int]?

    package init(
        _ member: String, _ fields: DeclaredValue, file: String = "", line: Int? = nil,
        lines: [String: Int]? = nil
    ) {
        self.member = member
        self.fields = fields
        self.file = file
        self.line = line
        self.lines = lines
    }

    /// - Parameter path: of what is wrong; its line is that of the nearest member around it that has one.
    package func problem(_ text: Sentence, at path: DeclaredPath = .whole) -> DeclaredProblem {
        var (path, line) = (path, line)
        while !path.names.isEmpty {
            if let found = lines?[path.description] {
                line = found
                break
            }
            path.names.removeLast()
        }
        return DeclaredProblem(file: file, line: line, text: text)
    }

    /// What names the record, as it is written; nil where it lacks.
    package var keyText: String? {
        DeclaredForms.named(member).flatMap { fields.object?[$0.keyMember]?.text }
    }
}

/// What is wrong in a file of the configuration.
package struct DeclaredProblem: Error, Equatable, Sendable, Codable, CustomStringConvertible {
    package var file: String
    package var line: Int?
    package var text: Sentence

    package init(file: String, line: Int?, text: Sentence) {
        self.file = file
        self.line = line
        self.text = text
    }

    package var description: String { sentence.english }

    package var sentence: Sentence {
        guard !file.isEmpty else { return text }
        let place = line.map { "\(file):\($0)" } ?? file
        return "\(place): \(text)"
    }
}

/// Why files of the configuration change nothing.
package struct UnreadableDeclaration: Error, Equatable, CustomStringConvertible {
    /// Not empty. What several records share by an alias is told once.
    package var problems: [DeclaredProblem]
    /// Whether it may be valid later, as it is: it names what is not there yet.
    package var mayPass: Bool

    package init(_ problems: [DeclaredProblem], mayPass: Bool = false) {
        var told: Set<String> = []
        self.problems = problems.filter { told.insert($0.description).inserted }
        self.mayPass = mayPass
    }

    /// Problems that are told.
    private static let shownLimit = 20

    package var description: String {
        let shown = problems.prefix(Self.shownLimit).map(\.description).joined(separator: "\n")
        let more = problems.count - Self.shownLimit
        return more > 0 ? "\(shown)\nand \(counted(more, "more error"))" : shown
    }
}

/// The name of those who apply files: 1 to 63 lower-case letters, digits and hyphens. What each has applied is remembered.
package struct SourceName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) { self.text = try RuleName(text).text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}
