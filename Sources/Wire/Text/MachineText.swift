/// Text from a machine: a property that holds nothing that a display could obey, with a limited length.
///
/// Every record filled by a machine keeps its texts in such properties, so that they are clean as soon as they enter, even when an older
/// version of this program stored them.
@propertyWrapper package struct MachineText: Hashable, Sendable {
    /// The most bytes that are kept.
    package static let byteLimit = 4_096

    private var text: String

    package init(wrappedValue: String) { text = Self.taken(wrappedValue) }

    package var wrappedValue: String {
        get { text }
        set { text = Self.taken(newValue) }
    }

    private static func taken(_ text: String) -> String {
        // What is cut off is not examined.
        PlainText(text.beginning(byteCount: byteLimit)).description.beginning(byteCount: byteLimit)
    }
}

extension MachineText: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(wrappedValue: try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Several ``MachineText``s.
@propertyWrapper package struct MachineTexts: Hashable, Sendable {
    /// The most texts that are kept.
    package static let limit = 1_024

    private var texts: [MachineText]

    package init(wrappedValue: [String]) { texts = Self.taken(wrappedValue) }

    package var wrappedValue: [String] {
        get { texts.map(\.wrappedValue) }
        set { texts = Self.taken(newValue) }
    }

    private static func taken(_ texts: [String]) -> [MachineText] {
        texts.prefix(limit).map(MachineText.init(wrappedValue:))
    }
}

extension MachineTexts: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(wrappedValue: try decoder.singleValueContainer().decode([String].self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(texts)
    }
}

/// A number that a machine reports: never negative, and small enough that sums of many do not overflow.
@propertyWrapper package struct MachineCount: Hashable, Sendable {
    /// No machine has this many processors, MiB or seconds of anything.
    package static let range = 0...1 << 40

    private var count: Int

    package init(wrappedValue: Int) { count = Self.taken(wrappedValue) }

    package var wrappedValue: Int {
        get { count }
        set { count = Self.taken(newValue) }
    }

    private static func taken(_ count: Int) -> Int {
        min(max(count, range.lowerBound), range.upperBound)
    }
}

extension MachineCount: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(wrappedValue: try decoder.singleValueContainer().decode(Int.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }
}
