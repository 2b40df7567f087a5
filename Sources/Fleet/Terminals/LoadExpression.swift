import Wire

/// A number worked out from a server's load: `CPUFREQ * CPUCOUNT / 120`.
///
/// Numbers, `+ - * /`, parentheses, `min`, `max` and the names of ``LoadFigure``, with or without a `$`. Nothing is carried out but
/// arithmetic, and what divides by zero is infinite or no number.
package struct LoadExpression: Equatable, Sendable {
    /// As written.
    package let text: String
    /// In the order in which a stack takes them.
    private let operations: [Operation]

    private enum Operation: Equatable {
        case number(Double)
        case figure(LoadFigure)
        case add
        case subtract
        case multiply
        case divide
        case negate
        case min
        case max
    }

    private static let (byteLimit, depthLimit) = (512, 32)

    package init(_ text: String) throws(InvalidSetting) {
        guard text.utf8.count <= Self.byteLimit else {
            throw InvalidSetting("an expression has at most \(Self.byteLimit) bytes")
        }
        var parser = Parser(text)
        try parser.sum(0)
        try parser.end()
        self.text = text
        operations = parser.operations
    }

    package func value(_ figures: (LoadFigure) -> Double) -> Double {
        var stack: [Double] = []
        func two(_ act: (Double, Double) -> Double) {
            guard let right = stack.popLast(), let left = stack.popLast() else { return }
            stack.append(act(left, right))
        }
        for operation in operations {
            switch operation {
            case .number(let number): stack.append(number)
            case .figure(let figure): stack.append(figures(figure))
            case .add: two(+)
            case .subtract: two(-)
            case .multiply: two(*)
            case .divide: two(/)
            case .min: two(Swift.min)
            case .max: two(Swift.max)
            case .negate: stack.append(-(stack.popLast() ?? 0))
            }
        }
        return stack.last ?? .nan
    }

    private struct Parser {
        private let text: String
        private let bytes: [UInt8]
        private var position = 0
        private(set) var operations: [Operation] = []

        init(_ text: String) { (self.text, bytes) = (text, Array(text.utf8)) }

        private mutating func next() -> UInt8? {
            while position < bytes.count, [32, 9, 10, 13].contains(bytes[position]) { position += 1 }
            return position < bytes.count ? bytes[position] : nil
        }

        private mutating func take(_ character: Character) -> Bool {
            guard next() == character.asciiValue else { return false }
            position += 1
            return true
        }

        private func problem(_ what: Sentence) -> InvalidSetting {
            InvalidSetting("‘\(PlainExpression(text))’: \(what)")
        }

        mutating func end() throws(InvalidSetting) {
            guard let byte = next() else { return }
            throw problem("‘\(PlainExpression(String(Character(Unicode.Scalar(byte)))))’ is one too many")
        }

        mutating func sum(_ depth: Int) throws(InvalidSetting) {
            try product(depth)
            while let byte = next(), byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") {
                position += 1
                try product(depth)
                operations.append(byte == UInt8(ascii: "+") ? .add : .subtract)
            }
        }

        private mutating func product(_ depth: Int) throws(InvalidSetting) {
            try factor(depth)
            while let byte = next(), byte == UInt8(ascii: "*") || byte == UInt8(ascii: "/") {
                position += 1
                try factor(depth)
                operations.append(byte == UInt8(ascii: "*") ? .multiply : .divide)
            }
        }

        private mutating func factor(_ depth: Int) throws(InvalidSetting) {
            guard depth < LoadExpression.depthLimit else { throw problem("it is nested too deeply") }
            if take("-") {
                try factor(depth + 1)
                operations.append(.negate)
            } else if take("+") {
                try factor(depth + 1)
            } else if take("(") {
                try sum(depth + 1)
                guard take(")") else { throw problem("a closing parenthesis is missing") }
            } else {
                try word(depth)
            }
        }

        private mutating func word(_ depth: Int) throws(InvalidSetting) {
            guard let first = next() else { throw problem("a number or a name is missing") }
            if (48...57).contains(first) || first == UInt8(ascii: ".") { return try number() }
            let isMarked = take("$")
            let isBraced = isMarked && take("{")
            let name = run {
                $0 == 95 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
            }
            guard !name.isEmpty else { throw problem("a number or a name is missing") }
            if isBraced, !take("}") { throw problem("a closing brace is missing") }
            if !isMarked, name == "min" || name == "max", take("(") { return try choice(name, depth) }
            guard let figure = LoadFigure(rawValue: name) else {
                let all = LoadFigure.allCases.map(\.rawValue).joined(separator: ", ")
                throw problem("there is no figure ‘\(name)’; there are \(all)")
            }
            operations.append(.figure(figure))
        }

        /// `min` or `max` of one or more.
        private mutating func choice(_ name: String, _ depth: Int) throws(InvalidSetting) {
            try sum(depth + 1)
            while take(",") {
                try sum(depth + 1)
                operations.append(name == "min" ? .min : .max)
            }
            guard take(")") else { throw problem("a closing parenthesis is missing") }
        }

        private mutating func number() throws(InvalidSetting) {
            let digits = run { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
            guard digits != ".", let value = Double("0\(digits)0".contains(".") ? "0\(digits)0" : digits)
            else {
                throw problem("‘\(digits)’ is not a number")
            }
            operations.append(.number(value))
        }

        private mutating func run(_ isPart: (UInt8) -> Bool) -> String {
            let start = position
            while position < bytes.count, isPart(bytes[position]) { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
    }
}

/// An expression as an error shows it.
private struct PlainExpression: CustomStringConvertible {
    let description: String

    init(_ text: String) {
        description = PlainText(text.count > 80 ? "\(text.prefix(80))…" : text).description
    }
}

extension LoadExpression: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A figure of a server's load, by the name that LTSP-Cluster's agents gave it.
package enum LoadFigure: String, Sendable, Codable, CaseIterable {
    /// Processes that run or wait, for each processor.
    case loadAverage = "LOADAVG"
    case processorCount = "CPUCOUNT"
    /// Megahertz; taken as 2400, because agents do not tell it.
    case processorFrequency = "CPUFREQ"
    /// Sessions.
    case sessionCount = "NBX11SESS"
    /// Of memory, in kilobytes.
    case memory = "MEMTOTAL"
    case usedMemory = "MEMUSED"
    case freeMemory = "MEMFREE"
}
