import Testing

@testable import Fleet

/// A configuration file with the effective variables of several machines.
struct LTSPSample: Sendable, CustomTestStringConvertible {
    struct Machine: Sendable {
        var machine: LTSPMachine
        var reading: LTSPConf.Reading
        /// Beside the sample's common ones.
        var variables: [String: String]
        var without: [String]
        /// Names of commands, in the order in which they run.
        var hooks: [String]
        /// Names of lines of files, in their order.
        var lines: [String]

        init(
            _ machine: LTSPMachine, on reading: LTSPConf.Reading = .init(), variables: [String: String],
            without: [String] = [], hooks: [String] = [], lines: [String] = []
        ) {
            self.machine = machine
            self.reading = reading
            self.variables = variables
            self.without = without
            self.hooks = hooks
            self.lines = lines
        }
    }

    static let lts = ltsShort + ltsPublished + ltsRules
    static let ltsp = ltspShort + ltspPublished + ltspRules

    var name: String
    var text: String
    /// Lines of which an error names one; empty: there is none.
    var errorLines: [Int] = []
    /// Lines of which a warning names one.
    var warningLines: [Int] = []
    /// Whether the file is in ISO 8859-1.
    var isLatin = false
    /// The variables of most machines.
    var common: [String: String]
    var machines: [Machine]

    var testDescription: String { name }

    var bytes: [UInt8] {
        isLatin ? text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } : Array(text.utf8)
    }

    func variables(of machine: Machine) -> [String: String] {
        common.merging(machine.variables) { $1 }.filter { !machine.without.contains($0.key) }
    }
}

extension LTSPMachine {
    static let hall10 = Self(
        macAddress: "02:5b:c1:00:11:0a", address: "192.168.40.10", hostName: "hall-10")
    static let hall11 = Self(
        macAddress: "02:5b:c1:00:11:0b", address: "192.168.40.11", hostName: "hall-11")
    static let counter = Self(
        macAddress: "66:9d:3f:81:20:fe", address: "10.55.0.60", hostName: "counter")
}

extension [LTSPVariable] {
    var values: [String: String] {
        Dictionary(uniqueKeysWithValues: map { ($0.name, $0.value) })
    }
}
