import Dispatch
import Fleet
import Foundation
import Synchronization
package import Wire

/// The logs of nodes, one file per machine, and the last lines before crashes.
package final class NodeLogs: Sendable {
    /// Bytes of a machine's log; when it is full, the older half is deleted.
    private static let byteLimit = 256 << 10
    /// Lines kept per crash, and crashes kept per node. Of other machines, which can be invented, fewer are kept.
    private static let crashLineCount = 200
    private static let (crashLimit, strangersCrashLimit) = (20, 3)
    /// Machines with a log that are not nodes; beyond this limit, the one with the oldest log is deleted.
    private static let strangerLimit = 1_000

    /// A line to be written.
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
    /// Writes files, one batch after another; callers do not wait.
    private let queue = DispatchQueue(label: "roost-logs")
    /// Machines with a log that were not nodes when it began, oldest log first.
    private let strangers: Mutex<[MACAddress]>

    package init(directory: String) throws {
        self.directory = directory
        try FileManager.default.createDirectory(
            atPath: "\(directory)/crashes", withIntermediateDirectories: true)
        // Which of them are nodes is checked when one must be deleted.
        strangers = Mutex(Self.machines(in: directory))
    }

    /// Machines with a log, oldest log first.
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
    /// - Parameter isNode: whether a machine is enrolled. The number of other machines' logs is limited.
    package func append(_ lines: [Line], isNode: @escaping @Sendable (MACAddress) -> Bool = { _ in true }) {
        queue.async { [self] in
            for (machine, lines) in Dictionary(grouping: lines, by: \.machine) {
                write(lines, of: machine, isNode)
            }
        }
    }

    /// A machine that is not a node gets a log.
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

    /// Files of a machine's crashes, oldest first.
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
            return keepCrash(lines, machine, isNode)
        }
        let end = (try? file.seekToEnd()) ?? 0
        try? file.write(contentsOf: Data(text.utf8))
        try? file.close()
        if end > Self.byteLimit { halve(path) }
        keepCrash(lines, machine, isNode)
    }

    private func halve(_ path: String) {
        guard let data = FileManager.default.contents(atPath: path) else { return }
        let half = data.suffix(Self.byteLimit / 2)
        let start = half.firstIndex(of: 0x0A).map { $0 + 1 } ?? half.startIndex
        try? Data(half[start...]).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// Stores the last lines up to the crash, once per minute with a crash.
    private func keepCrash(_ lines: [Line], _ machine: MACAddress, _ isNode: (MACAddress) -> Bool) {
        guard let crash = lines.first(where: \.message.isCrash) else { return }
        let prefix = "\(machine.text(separator: "-"))-"
        let file = "\(directory)/crashes/\(prefix)\(crash.at / 60_000).txt"
        let text = tailText(machine, lineCount: Self.crashLineCount)
        try? Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        let limit = isNode(machine) ? Self.crashLimit : Self.strangersCrashLimit
        for old in crashNames(machine).dropLast(limit) {
            try? FileManager.default.removeItem(atPath: "\(directory)/crashes/\(old)")
        }
    }

    // MARK: Reading

    private func tailText(_ machine: MACAddress, lineCount: Int) -> String {
        guard let data = FileManager.default.contents(atPath: path(machine)) else { return "" }
        let lines = data.split(separator: 0x0A).suffix(lineCount)
        return lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
    }

    /// The last lines of a machine's log, including everything appended before the call.
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
