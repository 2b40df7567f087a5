import Dispatch
import Fleet
import Foundation
import Synchronization
package import Wire

/// What nodes log, a file for each machine, and what they said before they crashed.
package final class NodeLogs: Sendable {
    /// Bytes of a machine's log; the older half goes when it is full.
    private static let byteLimit = 256 << 10
    /// Lines that are kept of a crash, and crashes of a machine.
    private static let crashLineCount = 200
    private static let crashLimit = 20
    /// Machines that are no nodes and have a log: with one more, the one goes that has had its first line longest ago.
    private static let strangerLimit = 1_000

    /// One line on its way to the file.
    package struct Line: Sendable {
        package var machine: MACAddress
        /// Milliseconds since 1970.
        package var at: Int
        package var message: LogMessage

        package init(machine: MACAddress, at: Int, message: LogMessage) {
            self.machine = machine
            self.at = at
            self.message = message
        }
    }

    private let directory: String
    /// Files are written here, one batch after the other, and nobody waits for it.
    private let queue = DispatchQueue(label: "roost-logs")
    /// Machines with a log that were no nodes when it began, the oldest log first.
    private let strangers: Mutex<[MACAddress]>

    package init(directory: String) throws {
        self.directory = directory
        try FileManager.default.createDirectory(
            atPath: "\(directory)/crashes", withIntermediateDirectories: true)
        // Which of them are nodes shows when one has to go.
        strangers = Mutex(Self.machines(in: directory))
    }

    /// Machines with a log, the one first whose log was made longest ago.
    private static func machines(in directory: String) -> [MACAddress] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let found = names.compactMap { name -> (machine: MACAddress, at: Date)? in
            guard name.hasSuffix(".log"), let machine = MACAddress(name.dropLast(4)) else { return nil }
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)")
            return (machine, attributes?[.modificationDate] as? Date ?? .distantPast)
        }
        return found.sorted { $0.at < $1.at }.map(\.machine)
    }

    private func path(_ machine: MACAddress) -> String { "\(directory)/\(machine.text(separator: "-")).log" }

    /// Appends lines; returns at once.
    ///
    /// - Parameter isNode: whether a machine is enrolled. The logs of others are so many at most.
    package func append(_ lines: [Line], isNode: @escaping @Sendable (MACAddress) -> Bool = { _ in true }) {
        queue.async { [self] in
            for (machine, lines) in Dictionary(grouping: lines, by: \.machine) {
                write(lines, of: machine, isNode)
            }
        }
    }

    /// A machine that is no node has a log from now on.
    private func add(stranger: MACAddress, _ isNode: (MACAddress) -> Bool) {
        let gone = strangers.withLock { strangers in
            strangers.append(stranger)
            var gone: [MACAddress] = []
            while strangers.count > Self.strangerLimit {
                let oldest = strangers.removeFirst()
                if !isNode(oldest), oldest != stranger { gone.append(oldest) }
            }
            return gone
        }
        for machine in gone {
            try? FileManager.default.removeItem(atPath: path(machine))
            for crash in crashNames(machine) {
                try? FileManager.default.removeItem(atPath: "\(directory)/crashes/\(crash)")
            }
        }
    }

    /// Files of a machine's crashes, the oldest first.
    private func crashNames(_ machine: MACAddress) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/crashes")) ?? [])
            .filter { $0.hasPrefix("\(machine.text(separator: "-"))-") }.sorted()
    }

    private func write(_ lines: [Line], of machine: MACAddress, _ isNode: (MACAddress) -> Bool) {
        let text = lines.map { line in
            "\(Format.time(millisecond: line.at)) \(line.message.severity) \(PlainText(line.message.text))\n"
        }.joined()
        let path = path(machine)
        guard let file = FileHandle(forWritingAtPath: path) else {
            try? Data(text.utf8).write(to: URL(fileURLWithPath: path))
            if !isNode(machine) { add(stranger: machine, isNode) }
            return keepCrash(lines, machine)
        }
        let end = (try? file.seekToEnd()) ?? 0
        try? file.write(contentsOf: Data(text.utf8))
        try? file.close()
        if end > Self.byteLimit { halve(path) }
        keepCrash(lines, machine)
    }

    private func halve(_ path: String) {
        guard let data = FileManager.default.contents(atPath: path) else { return }
        let half = data.suffix(Self.byteLimit / 2)
        let start = half.firstIndex(of: 0x0A).map { $0 + 1 } ?? half.startIndex
        try? Data(half[start...]).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// The last lines before and with the crash, once for each minute in which there was one.
    private func keepCrash(_ lines: [Line], _ machine: MACAddress) {
        guard let crash = lines.first(where: \.message.isCrash) else { return }
        let prefix = "\(machine.text(separator: "-"))-"
        let file = "\(directory)/crashes/\(prefix)\(crash.at / 60_000).txt"
        let text = tailText(machine, lineCount: Self.crashLineCount)
        try? Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        for old in crashNames(machine).dropLast(Self.crashLimit) {
            try? FileManager.default.removeItem(atPath: "\(directory)/crashes/\(old)")
        }
    }

    // MARK: Reading

    private func tailText(_ machine: MACAddress, lineCount: Int) -> String {
        guard let data = FileManager.default.contents(atPath: path(machine)) else { return "" }
        let lines = data.split(separator: 0x0A).suffix(lineCount)
        return lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
    }

    /// The last lines of a machine's log; everything appended before is in it.
    package func tail(_ machine: MACAddress, lineCount: Int) async -> [String] {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                let text = tailText(machine, lineCount: lineCount)
                continuation.resume(returning: text.split(separator: "\n").map(String.init))
            }
        }
    }

    /// A machine's crashes, newest first: when (seconds since 1970), and the lines before.
    package func crashes(_ machine: MACAddress) async -> [(at: Int, text: String)] {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                let prefix = "\(machine.text(separator: "-"))-"
                let names = crashNames(machine).reversed()
                let found = names.compactMap { name -> (at: Int, text: String)? in
                    guard let minute = Int32(name.dropFirst(prefix.count).dropLast(4)),
                        let data = FileManager.default.contents(atPath: "\(directory)/crashes/\(name)")
                    else { return nil }
                    return (Int(minute) * 60, String(decoding: data, as: UTF8.self))
                }
                continuation.resume(returning: found)
            }
        }
    }
}
