/// What is wrong with a line of `lts.conf` or `ltsp.conf`, or does something else than it seems to.
package struct LTSPProblem: Error, Equatable, Sendable, Codable, CustomStringConvertible {
    package var file: String
    /// Counts from 1; nil: the file as a whole.
    package var line: Int?
    package var text: Sentence
    /// Whether the file is refused for it; otherwise it is a warning.
    package var isError: Bool

    package init(error text: Sentence, _ file: String, _ line: Int?) {
        (self.file, self.line, self.text, isError) = (file, line, text, true)
    }

    init(warning text: Sentence, _ file: String, _ line: Int?) {
        (self.file, self.line, self.text, isError) = (file, line, text, false)
    }

    /// `lts.conf:3: there is no value after ‘=’`.
    package var description: String { sentence.english }

    package var sentence: Sentence {
        let place = line.map { "\(file):\($0)" } ?? file
        return "\(place): \(text)"
    }
}

/// Where a value comes from.
package struct LTSPPlace: Hashable, Sendable, Codable, CustomStringConvertible {
    package var file: String
    /// Counts from 1; 0: the kernel command line, which has none.
    package var line: Int
    /// The header as written, without brackets; empty above the first one.
    package var section: String

    static let kernelLine = LTSPPlace(file: "kernel command line", line: 0, section: "")

    package var description: String {
        line == 0 ? file : "\(file):\(line)" + (section.isEmpty ? "" : " [\(section)]")
    }
}

/// One effective variable of a machine.
package struct LTSPVariable: Equatable, Sendable, Codable {
    package var name: String
    package var value: String
    package var place: LTSPPlace
}

/// What the old programs knew of a machine when they read their configuration.
package struct LTSPMachine: Hashable, Sendable {
    /// In lower case, with colons; empty: unknown.
    package var macAddress: String
    package var address: String
    package var hostName: String

    package init(macAddress: String = "", address: String = "", hostName: String = "") {
        self.macAddress = macAddress.lowercased()
        self.address = address
        self.hostName = hostName
    }
}

/// The maximum sizes of these files; those that are known have some hundred lines.
enum LTSPLimit {
    /// Of all files together.
    static let byteCount = 4 << 20
    static let lineByteCount = 64 << 10
    static let sectionCount = 10_000
    /// Different names of variables: each is a setting of all machines that have it.
    static let variableCount = 1_000
    /// The main file and its includes (getltscfg's MAX_FILE_INCLUDES).
    static let fileCount = 10
    /// Problems that are listed; a file of noise has no more to tell.
    static let problemCount = 1_000
    /// The length of one effective value.
    static let valueByteCount = 64 << 10
}
