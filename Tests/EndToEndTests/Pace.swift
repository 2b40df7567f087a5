import Foundation

/// How long things may take: limits are for a machine that has nothing else to do.
enum Pace {
    /// How many times slower this machine was when the run began, as `Tests/run.py` has measured it. Twice that, because suites run
    /// side by side, and twice again, because other work may begin meanwhile: a limit is for what hangs, and costs nothing else.
    private static let factor: Double = {
        let measured = ProcessInfo.processInfo.environment["ROOST_TEST_PACE"].flatMap(Double.init) ?? 1
        return max(1, measured) * 4
    }()

    /// The limit here of what may take `seconds` there.
    static func seconds(_ seconds: Int) -> Int { Int((Double(seconds) * factor).rounded(.up)) }

    /// Waits for what may take `seconds` on a machine that has nothing else to do.
    ///
    /// - Parameter state: what the error says of how things stand.
    static func wait(
        _ seconds: Int, until what: String, state: () -> String = { "" }, _ isSo: () throws -> Bool
    ) throws {
        let end = Date().addingTimeInterval(Double(Self.seconds(seconds)))
        // Looking costs as much as a program's start: what takes long is looked at less often.
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

/// What took its time, beside tests: boots and builds, a line each in the file that `Tests/run.py` names.
enum Spans {
    private static let path = ProcessInfo.processInfo.environment["ROOST_TEST_SPANS"]

    /// Runs `body`, and notes how long that took, whatever came of it.
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
