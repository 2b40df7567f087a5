package import API
import FoundationEssentials
import Glibc
import Linux
import Synchronization

/// What the agent has to tell, on the disk until the center has it.
package final class EventLog: AgentEventSink {
    /// Events that wait; lines in the file before those that the center has are taken out.
    package static let limits = (events: 1_000, lines: 2_000)
    private static let textLimit = 256

    /// A line of the file.
    private struct Line: Codable {
        var number: Int
        /// Seconds since 1970, by the clock of that moment.
        var at: Int
        var kind: AgentEvent.Kind
        var user: String
        var id: String
        var text: String
    }

    private struct State {
        var lines: [Line] = []
        /// Of the next event.
        var next: Int
        var lineCount = 0
        var byteCount = 0
    }

    private let path: String
    private let state: Mutex<State>
    private let now: @Sendable () -> Int
    private let limits: (events: Int, lines: Int)

    /// Reads what an earlier run has left; the half of a line that a crash left is nothing.
    ///
    /// - Parameter now: seconds since 1970.
    package init(
        at path: String, limits: (events: Int, lines: Int) = EventLog.limits,
        now: @escaping @Sendable () -> Int = { SystemClock.wall / 1_000 }
    ) {
        self.path = path
        self.limits = limits
        self.now = now
        // Numbers only grow, also where the file is lost: the center takes none twice.
        var state = State(next: now() * 1_000)
        for line in (SmallFile.text(path, limit: 8 << 20) ?? "").split(separator: "\n") {
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)) else { continue }
            state.lines.append(line)
        }
        state.lines = state.lines.suffix(limits.events)
        if let last = state.lines.last { state.next = max(last.number + 1, state.next) }
        self.state = Mutex(state)
        state.lineCount = state.lines.count
        self.state.withLock { store(&$0) }
    }

    package func note(_ kind: AgentEvent.Kind, user: String, id: String, _ text: String) {
        state.withLock { state in
            let line = Line(
                number: state.next, at: now(), kind: kind, user: Self.cut(user), id: Self.cut(id),
                text: Self.cut(text))
            state.next += 1
            state.lines.append(line)
            state.lineCount += 1
            // The oldest is lost: what is newest tells most.
            if state.lines.count > limits.events { state.lines.removeFirst() }
            if state.lineCount >= limits.lines { return store(&state) }
            append(line, &state)
        }
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= textLimit ? text : String(decoding: text.utf8.prefix(textLimit), as: UTF8.self)
    }

    /// What is not acknowledged, the oldest first.
    package func pending() -> [AgentEvent] {
        let (lines, now) = (state.withLock(\.lines), now())
        return lines.map { line in
            AgentEvent(
                number: line.number, age: max(0, now - line.at), kind: line.kind, user: line.user,
                id: line.id, text: line.text)
        }
    }

    /// The center has everything up to this number.
    package func acknowledge(_ number: Int) {
        state.withLock { state in
            let count = state.lines.count
            state.lines.removeAll { $0.number <= number }
            // What is acknowledged and still there after a crash is told again, and known by its number.
            if state.lines.isEmpty, count > 0 { store(&state) }
        }
    }

    // MARK: The file

    private func append(_ line: Line, _ state: inout State) {
        guard let bytes = try? JSONEncoder().encode(line) + [UInt8(ascii: "\n")] else { return }
        do {
            let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT)
            try file.append(Array(bytes), at: state.byteCount, as: .agentEvents)
            state.byteCount += bytes.count
        } catch {
            AgentLog.write("events cannot be kept: \(error)")
        }
    }

    /// Writes the file anew.
    private func store(_ state: inout State) {
        var bytes: [UInt8] = []
        for line in state.lines {
            guard let text = try? JSONEncoder().encode(line) else { continue }
            bytes += text + [UInt8(ascii: "\n")]
        }
        do {
            try WholeFile.replace(path, with: bytes, at: .agentEventsKept)
            (state.lineCount, state.byteCount) = (state.lines.count, bytes.count)
        } catch {
            AgentLog.write("events cannot be kept: \(error)")
        }
    }
}
