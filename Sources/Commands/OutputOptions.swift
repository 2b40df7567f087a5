import ArgumentParser
import ConfigurationFile
import Foundation

/// A command's output format.
package struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("table, wide, json, yaml or name.", valueName: "format"))
    package var output = OutputFormat.table
    @Flag(help: "Print JSON: the same as -o json.") package var json = false

    package init() {}

    /// Prints `value` in the format that was asked for.
    ///
    /// - Parameters:
    ///   - wide: the text with everything that is left out of `table` for the width of a terminal; nil: there is no more.
    ///   - table: the text for people.
    package func write<T: Encodable>(
        _ value: T, wide: ((T) -> String)? = nil, table: (T) -> String
    ) throws {
        try (json ? .json : output).write(value, wide: wide, table: table)
    }

    /// Whether people read it: what programs read has nothing else beside it.
    var isForPeople: Bool { !json && [.table, .wide].contains(output) }

    /// The same value always gives the same bytes.
    static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}

package enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, wide, json, yaml, name

    fileprivate func write<T: Encodable>(
        _ value: T, wide: ((T) -> String)? = nil, table: (T) -> String
    ) throws {
        switch self {
        case .table: print(table(value), terminator: "")
        case .wide: print(wide.map { $0(value) } ?? table(value), terminator: "")
        case .json: print(json: try OutputOptions.data(value))
        case .yaml: print(try JSONTree(OutputOptions.data(value)).yaml, terminator: "")
        case .name: print(try JSONTree(OutputOptions.data(value)).names(), terminator: "")
        }
    }
}

/// The output format of a command that changes something, and whose answer is more than a name.
///
/// What cannot be printed is refused before anything is changed.
package struct AnswerOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("table, wide, json or yaml.", valueName: "format"))
    package var output = AnswerFormat.table
    @Flag(help: "Print JSON: the same as -o json.") package var json = false

    package init() {}

    /// Prints `value` in the format that was asked for.
    ///
    /// - Parameter table: the text for people.
    package func write<T: Encodable>(_ value: T, table: (T) -> String) throws {
        try (json ? .json : output.format).write(value, table: table)
    }

    /// Whether people read it.
    var isForPeople: Bool { !json && [.table, .wide].contains(output) }
}

package enum AnswerFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, wide, json, yaml

    fileprivate var format: OutputFormat {
        switch self {
        case .table: .table
        case .wide: .wide
        case .json: .json
        case .yaml: .yaml
        }
    }
}

extension JSONTree {
    /// What the records of a list are called, a line each, as other commands take it.
    func names() throws -> String {
        guard case .list(let rows) = self else { return try line(of: self) }
        return try rows.map(line).joined()
    }

    private func line(of row: JSONTree) throws -> String {
        guard let name = row.name else {
            throw ValidationError("what this command prints has no names: use -o json or -o yaml")
        }
        return "\(name)\n"
    }

    private var name: String? {
        guard case .object(let members) = self else { return nil }
        if let image = members["image"]?.text, let number = members["number"]?.text {
            return "\(image)@\(number)"
        }
        for key in ["name", "path", "number", "id", "address", "scope"] {
            if let text = members[key]?.text { return text }
        }
        for key in ["node", "server", "account", "pool"] {
            if let text = members[key]?.text ?? members[key]?.name { return text }
        }
        return nil
    }
}

/// The option to look again and again.
struct WatchOptions: ParsableArguments {
    @Flag(help: "Show it again every two seconds, until Ctrl-C.") var watch = false

    /// - Parameter body: prints everything once.
    func run(_ body: () async throws -> Void) async throws {
        try await body()
        while watch {
            flushPrinted()
            try await Task.sleep(for: .seconds(2))
            // From the top of a terminal; in a file, one after the other.
            try write(Data((isatty(STDOUT_FILENO) == 1 ? "\u{1B}[H\u{1B}[2J" : "\n").utf8))
            try await body()
        }
    }
}
