import API
import FoundationEssentials
import Linux

/// The accounts that the agent has made, or is about to make or to end: an entry is on the disk before anything is done, so that a crash
/// leaves nothing of which the agent does not know.
///
/// An account that is not in it is not the agent's, and is never touched.
struct AccountBook: Codable, Equatable, Sendable {
    struct Entry: Codable, Equatable, Sendable {
        enum State: String, Codable, Sendable {
            /// Perhaps it is there.
            case making
            case made
            /// Perhaps it is still there, as a whole or in part.
            case ending
        }

        var user: String
        var number: Int
        var state: State
        var end: AgentAccount.End
        /// Seconds since 1970, by the clock of this machine.
        var madeAt: Int
        /// When it ends whatever happens; nil: never.
        var expiresAt: Int?
        /// Whether a session of it was seen since it was made.
        var hadSession: Bool
    }

    /// Of accounts for one log-in.
    static let numbers = 60_000...64_999
    static let limit = 4_000

    private(set) var entries: [Entry] = []
    /// The last number that was given: they come round, so that files which are left over somewhere do not belong to the next guest.
    private(set) var lastNumber = Self.numbers.upperBound

    subscript(user: String) -> Entry? { entries.first { $0.user == user } }

    mutating func put(_ entry: Entry) {
        if Self.numbers.contains(entry.number) { lastNumber = entry.number }
        if let index = entries.firstIndex(where: { $0.user == entry.user }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
    }

    mutating func remove(_ user: String) { entries.removeAll { $0.user == user } }

    /// Numbers to try, the one after the last first.
    var nextNumbers: [Int] {
        let taken = Set(entries.map(\.number))
        let all = Array(Self.numbers)
        let start = lastNumber - Self.numbers.lowerBound + 1
        return (0..<all.count).map { all[(start + $0) % all.count] }.filter { !taken.contains($0) }
    }

    // MARK: On disk

    /// - Throws: where it is there and cannot be read: without it, accounts that the agent made would be taken for others'.
    static func read(_ path: String) throws -> Self {
        guard FileStatus(path) != nil else { return Self() }
        do {
            return try JSONDecoder().decode(Self.self, from: Data(WholeFile.read(path, limit: 8 << 20)))
        } catch is DecodingError {
            throw AgentProblem(
                "the list of accounts of the agent, \(path), is damaged: bring it back from a backup")
        } catch {
            throw AgentProblem("the list of accounts of the agent, \(path), cannot be read: \(error)")
        }
    }

    /// On the disk when it returns.
    func write(_ path: String) throws {
        let coder = JSONEncoder()
        coder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try WholeFile.replace(path, with: Array(coder.encode(self)), at: .agentAccounts)
    }
}
