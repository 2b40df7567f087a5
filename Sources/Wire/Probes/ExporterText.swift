/// Samples in the text form that exporters for Prometheus answer with: `node_load1 0.42`, one a line.
///
/// Nothing in it is trusted. What is not a sample is skipped, and so is what does not fit the limits.
package struct ExporterText: Sendable {
    /// One number, and what it is of.
    package struct Sample: Equatable, Sendable {
        package var name: String
        package var labels: [String: String]
        package var value: Double
    }

    /// Bytes of an answer that are read.
    package static let byteLimit = 4 << 20
    private static let (lineLimit, labelLimit, sampleLimit) = (8_192, 32, 20_000)

    package private(set) var samples: [Sample] = []

    /// - Parameter prefixes: only metrics whose names begin with one of these are read.
    package init(_ bytes: some Collection<UInt8>, namesBeginningWith prefixes: [String]) {
        let wanted = prefixes.map { Array($0.utf8) }
        for line in bytes.prefix(Self.byteLimit).split(separator: 10) {
            guard line.count <= Self.lineLimit, wanted.contains(where: { line.starts(with: $0) }) else {
                continue
            }
            guard samples.count < Self.sampleLimit else { return }
            var reader = LineReader(Array(line))
            if let sample = reader.sample() { samples.append(sample) }
        }
    }

    /// The first sample of that name.
    package func value(_ name: String) -> Double? { samples.first { $0.name == name }?.value }

    private struct LineReader {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func sample() -> Sample? {
            let name = word()
            guard !name.isEmpty else { return nil }
            var labels: [String: String] = [:]
            skipBlanks()
            if next == UInt8(ascii: "{") {
                position += 1
                guard let read = self.labels() else { return nil }
                labels = read
            }
            skipBlanks()
            let number = bytes[position...].prefix { $0 != 32 && $0 != 9 && $0 != 13 }
            guard number.count <= 64, let value = Double(String(decoding: number, as: UTF8.self)) else {
                return nil
            }
            return Sample(name: name, labels: labels, value: value)
        }

        private mutating func labels() -> [String: String]? {
            var labels: [String: String] = [:]
            while labels.count < ExporterText.labelLimit {
                skipBlanks()
                if next == UInt8(ascii: "}") {
                    position += 1
                    return labels
                }
                let name = word()
                skipBlanks()
                guard !name.isEmpty, next == UInt8(ascii: "=") else { return nil }
                position += 1
                skipBlanks()
                guard let value = quoted() else { return nil }
                labels[name] = value
                skipBlanks()
                if next == UInt8(ascii: ",") { position += 1 }
            }
            return nil
        }

        private mutating func quoted() -> String? {
            guard next == UInt8(ascii: "\"") else { return nil }
            position += 1
            var text: [UInt8] = []
            while let byte = next {
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let escaped = next else { return nil }
                    position += 1
                    text.append(escaped == UInt8(ascii: "n") ? 10 : escaped)
                default: text.append(byte)
                }
            }
            return nil
        }

        private mutating func word() -> String {
            let start = position
            while let byte = next,
                byte == 95 || byte == 58 || (48...57).contains(byte) || (65...90).contains(byte)
                    || (97...122).contains(byte)
            {
                position += 1
            }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        private mutating func skipBlanks() { while next == 32 || next == 9 { position += 1 } }
    }
}
