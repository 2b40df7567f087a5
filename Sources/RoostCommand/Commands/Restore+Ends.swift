import Commands
import Errors
import Foundation
import Glibc
import Images
import Linux
import StoreSQLite

extension Restore {
    /// In the directory of the previous state: what holds again, until people have looked at it and removed the file.
    static let returnNote = "holds-again"

    /// Brings a store up to this program's schema, and has it take over what has ended since from the one that it replaces.
    ///
    /// - Returns: what holds again, for ``returnNote``.
    func takeEnds(into database: String) async throws -> [String] {
        guard let outcome = try await outcome(for: try SQLiteStore(path: database)) else {
            return ["what was revoked or changed since the backup was made"]
        }
        func list(_ lines: [String]) -> String { lines.map { "  \($0)\n" }.joined() }
        if !outcome.kept.isEmpty {
            printError("has ended since, and stays so:\n\(list(outcome.kept))", terminator: "")
        }
        if !outcome.again.isEmpty {
            printError("as it was before again, so look at each:\n\(list(outcome.again))", terminator: "")
        }
        return outcome.again
    }

    /// - Parameter kept: the directory of the previous state.
    static func note(_ lines: [String], in kept: String) throws {
        guard !lines.isEmpty else { return }
        try WholeFile.writeForNow("\(kept)/\(returnNote)", Array(lines.map { "\($0)\n" }.joined().utf8))
    }

    /// Nil: there is nothing to compare with, which is said.
    private func outcome(for store: SQLiteStore) async throws -> StateReturn? {
        let lack =
            "nothing is known of what has ended since it was made: tokens, links, passwords and accounts"
        let work = try WorkDirectory(in: stateDirectory, prefix: "restore-later-")
        defer { work.remove() }
        let path = "\(work.path)/\(StateFiles.database)"
        do {
            guard let place = presentState else {
                printError(
                    "\(lack) are as they were then (roost admin list, roost token list, roost board list)")
                return nil
            }
            // As its owner, who could make root read any other file.
            let copy = try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_EXCL)
            try Backup.run(
                FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
                ["read-store", "--state-directory", place, StateFiles.database], output: copy.number)
            if let outcome = try await store.takeEnds(from: SQLiteStore(path: path)) { return outcome }
            printError("the present state did not grow out of this backup; \(lack) are as in the backup")
        } catch {
            // It may be restored because that one is damaged.
            printError(
                "the present store cannot be compared (\(FileErrorText.of(error))); \(lack) are as in the backup"
            )
        }
        return nil
    }

    /// The directory with the store that is replaced: after an interrupted restore that is where it was kept.
    private var presentState: String? {
        let mark = try? WholeFile.read("\(stateDirectory)/\(StateFiles.restoring)")
        let kept = mark.map { "\(stateDirectory)/\(String(decoding: $0, as: UTF8.self))" }
        return [kept, stateDirectory].compactMap(\.self).first {
            FileStatus("\($0)/\(StateDirectory.store)/\(StateFiles.database)") != nil
        }
    }
}
