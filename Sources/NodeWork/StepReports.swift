import Glibc
import Linux
package import Wire

/// Results of steps on their way to the server: kept in files until it has them, because a phase may end without a network.
package struct StepReports {
    private static let usualDirectory = "/run/roost/step-results"
    /// The most steps of one report, and bytes of output of all of them: the server takes 64 KiB at once.
    private static let nameLimit = 120
    private static let (stepLimit, outputLimit) = (250, 16 << 10)

    private let directory: String

    package init(directory: String? = nil) { self.directory = directory ?? Self.usualDirectory }

    /// Keeps the results of a phase.
    ///
    /// - Parameter isAddition: they were applied to the running node.
    package func keep(_ results: [StepRun.Result], of phase: StepPhase, isAddition: Bool = false) throws {
        if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw SystemError("make the directory \(directory)")
        }
        let file = try FileDescriptor(
            opening: path(phase, isAddition), flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.write(Array(Self.json(results).text.utf8))
    }

    private func path(_ phase: StepPhase, _ isAddition: Bool) -> String {
        "\(directory)/\(phase.rawValue)\(isAddition ? ".applied" : "")"
    }

    /// Sends what is kept, phase by phase; what fails is sent the next time.
    package func send() throws { try send(to: ServerTalk(KernelWords.read())) }

    func send(to server: ServerTalk) throws {
        try send { try server.sendSteps($0, of: $1, isAddition: $2) }
    }

    /// - Parameter send: gets the results, their phase, and whether they were applied to the running node.
    package func send(_ send: ([UInt8], StepPhase, Bool) throws -> Void) throws {
        for phase in StepPhase.allCases {
            // What was applied came later.
            for isAddition in [false, true] {
                let path = path(phase, isAddition)
                guard let results = try? WholeFile.read(path) else { continue }
                do {
                    try send(results, phase, isAddition)
                } catch let refusal as ServerRefusal where (400..<500).contains(refusal.status) {
                    // Another time it would be refused again.
                }
                unsafe unlink(path)
            }
        }
    }

    package static func json(_ results: [StepRun.Result]) -> JSONText {
        var byteCount = 0
        return JSONText(
            results.prefix(stepLimit).map { result in
                let output = result.outcome == .done ? result.output.suffix(3) : result.output[...]
                byteCount += output.reduce(0) { $0 + 2 * $1.utf8.count + 3 }
                return [
                    "name": JSONText(result.name.prefix(nameLimit)), "mark": JSONText(result.mark ?? ""),
                    "outcome": JSONText(result.outcome.rawValue),
                    "attempts": JSONText(result.attempts), "milliseconds": JSONText(result.milliseconds),
                    "output": JSONText(byteCount > outputLimit ? [] : output.map { JSONText($0) }),
                ]
            })
    }
}
