import Fleet
import Foundation
import Glibc
import Linux
import Wire

/// Programs of this host that mint: they run without rights, and only from one directory that root names.
struct MintingPrograms: Sendable {
    /// What a program reads on its standard input, as JSON.
    private struct Question: Encodable {
        /// `mint`, or `remove` for what it has minted before.
        var act: String
        var secret: String
        /// Unique for each making; the same when it is removed.
        var handle: String
        var node: String
        var machine: String
        var group: String?
        var boot: String
        /// What people gave for it, in Base64.
        var value: String?
    }

    private static let environment = [
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/",
    ]
    /// The user `nobody`, for a server that runs as root.
    private static let nobody = 65_534
    private static let shownLength = 300
    /// Shorter lines of a secret could be a part of any word.
    private static let shortestHidden = 4

    /// Nil: there are none.
    let directory: String?

    /// - Returns: what it printed, byte by byte.
    func mint(_ order: MintOrder, _ program: MintingProgram, group: GroupPath) async throws
        -> SecretMinter.Minted
    {
        let output = try await run(
            program, Self.question("mint", order.mint, kept: order.kept, group: group))
        guard !output.isEmpty else { throw MintFailure("\(program.path) printed nothing") }
        return SecretMinter.Minted(files: [SecretFile(order.secret, content: output)])
    }

    func remove(_ mint: SecretMint, of secret: Secret, _ program: MintingProgram, kept: [UInt8]?) async throws
    {
        _ = try await run(program, Self.question("remove", mint, kept: kept, group: nil))
    }

    private static func question(_ act: String, _ mint: SecretMint, kept: [UInt8]?, group: GroupPath?)
        -> Question
    {
        Question(
            act: act, secret: mint.secret.text, handle: mint.handle, node: mint.node.text,
            machine: mint.machine.description, group: group?.description, boot: mint.boot,
            value: kept.map { Data($0).base64EncodedString() })
    }

    private func run(_ program: MintingProgram, _ question: Question) async throws -> [UInt8] {
        let path = try checkedPath(of: program)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let input = [UInt8](try encoder.encode(question)) + [0x0A]
        var words = [path]
        if geteuid() == 0 {
            words =
                [
                    "/usr/bin/setpriv", "--reuid=\(Self.nobody)", "--regid=\(Self.nobody)", "--clear-groups",
                    "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
                ] + words
        }
        let filter = FilterProgram(words[0], Array(words.dropFirst()), environment: Self.environment)
        // On a thread of its own it blocks nothing else.
        let result = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try filter.run(
                            input: input, secondLimit: program.seconds, outputLimit: Secret.byteLimit)
                    })
            }
        }
        if result.isTimedOut { throw MintFailure("\(program.path) did not end within \(program.seconds) s") }
        if result.isTooLong {
            throw MintFailure("\(program.path) printed more than \(Secret.byteLimit) bytes")
        }
        guard result.status == 0 else {
            let said = Self.said(result, question)
            throw MintFailure(
                "\(program.path) ended with status \(result.status)"
                    + (said.isEmpty ? "" : ": \(said.beginning(length: Self.shownLength))"))
        }
        return result.output
    }

    /// The last line of what it said as an error, without what it was given and what it printed: a shell that shows its commands (`set -x`)
    /// says both.
    private static func said(_ result: FilterProgram.Result, _ question: Question) -> String {
        var errors = result.errors[...]
        // A line that was cut may end in the middle of a value.
        if errors.count >= FilterProgram.errorLimit {
            errors = errors.prefix(upTo: errors.lastIndex(of: 0x0A) ?? errors.startIndex)
        }
        func lines(_ bytes: some Collection<UInt8>) -> [String] {
            String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
        }
        let given = question.value.flatMap { Data(base64Encoded: $0) }.map { lines($0) } ?? []
        let secrets = (given + [question.value].compactMap(\.self) + lines(result.output))
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.count >= shortestHidden }
        var said = lines(errors).last ?? ""
        // The longest first: one may be a part of another.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) {
            said = said.replacing(secret, with: "(secret)")
        }
        return PlainText(said).description
    }

    /// The program behind all links, if it may be run: below the directory, and changeable by its owner only.
    private func checkedPath(of program: MintingProgram) throws -> String {
        guard let directory else {
            throw MintFailure(
                "roost.yaml names no directory of programs that mint (minting-programs: /etc/roost/minting)")
        }
        guard let root = OwnedPath(resolving: directory), let path = OwnedPath(resolving: program.path) else {
            throw MintFailure("there is no program \(program.path)")
        }
        guard path.isBelow(root) else {
            throw MintFailure(
                "\(program.path) is not in \(directory), where roost.yaml has programs that mint")
        }
        if let place = path.changeable(upTo: root) {
            throw MintFailure("others than its owner could change \(place): chown root, chmod go-w")
        }
        guard path.isProgram else { throw MintFailure("\(program.path) is not executable: chmod +x") }
        return path.path
    }
}
