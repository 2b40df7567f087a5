import Foundation

/// Time limits, scaled from those of an idle machine.
enum Pace {
    /// How many times slower this machine was when the run began, as measured by `Tests/run.py`. Twice that, because suites run side by
    /// side, and twice again, because other work may start meanwhile: a limit only catches hangs, and costs nothing otherwise.
    private static let factor: Double = {
        let measured = ProcessInfo.processInfo.environment["ROOST_TEST_PACE"].flatMap(Double.init) ?? 1
        return max(1, measured) * 4
    }()

    /// The limit here for what may take `seconds` on an idle machine.
    static func seconds(_ seconds: Int) -> Int { Int((Double(seconds) * factor).rounded(.up)) }

    /// Waits for something that may take `seconds` on an idle machine.
    ///
    /// - Parameter state: describes the present state, for the error.
    static func wait(
        _ seconds: Int, until what: String, state: () -> String = { "" }, _ isSo: () throws -> Bool
    ) throws {
        let end = Date().addingTimeInterval(Double(Self.seconds(seconds)))
        // A check costs as much as starting a program, so slow steps are checked less often.
        var pause: UInt32 = 20_000
        while try !isSo() {
            guard Date() < end else {
                throw CommandFailed(command: "wait until \(what)", status: 1, output: state())
            }
            usleep(pause)
            pause = min(pause * 5 / 4, 400_000)
        }
    }
}

/// How much a test does that repeats itself for many values, screens or kill points.
enum Extent {
    /// A sample, in `make test-quick`. `make test` leaves nothing out.
    static let isSample = ProcessInfo.processInfo.environment["ROOST_TEST_SAMPLE"] != nil
}

/// Slow steps besides tests: boots and builds, one line each in the file that `Tests/run.py` names.
enum Spans {
    private static let path = ProcessInfo.processInfo.environment["ROOST_TEST_SPANS"]

    /// Runs `body`, and records how long that took, whatever the result.
    static func measure<T>(_ kind: String, _ name: String, _ body: () throws -> T) rethrows -> T {
        let start = DispatchTime.now().uptimeNanoseconds
        defer { note(kind, name, Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9) }
        return try body()
    }

    private static func note(_ kind: String, _ name: String, _ seconds: Double) {
        guard let path,
            var line = try? JSONSerialization.data(
                withJSONObject: ["kind": kind, "name": name, "seconds": seconds])
        else { return }
        line.append(UInt8(ascii: "\n"))
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forWritingAtPath: path) else { return }
        _ = try? file.seekToEnd()
        try? file.write(contentsOf: line)
        try? file.close()
    }
}
