import Glibc
import Linux
import Sealing
import Wire

/// `roost-node log-in`: asks the server for a session on a terminal server, for the log-in screen and the script of the session.
///
/// It never reads a password. What opens the session goes into a file that only root can read, and the rest to standard output.
package struct LogIn {
    /// What the command ends with.
    package enum End: Int32, Sendable {
        case ready = 0
        /// It was called in a wrong way, or this is no node with the key of its boot.
        case unusable = 1
        case refused = 3
        /// The person has a session elsewhere: the same again with `--take-over`.
        case asksConsent = 4
        /// There is no answer: no network, no server, no control center.
        case unanswered = 5
    }

    private let options: LogInOptions
    private let words: LogInWords

    package init(_ options: LogInOptions) {
        self.options = options
        words = LogInWords(language: options.language)
    }

    /// - Returns: how it ended, and a sentence for the person unless it is ready.
    package func run() throws -> (end: End, sentence: String) {
        if options.isCheck { return (TypedName(options.user) == nil ? .refused : .ready, "") }
        guard let key = (try? WholeFile.read(RunningNode.runKeyPath)).flatMap({ RunKey(bytes: $0) }) else {
            return (.unusable, words[.noKey])
        }
        let publicKey = try options.key.map { try LogInKey.make(at: $0) } ?? ""
        let answer: LogInAnswer
        do {
            answer = try ServerTalk(KernelWords.read()).logIn(options.request(publicKey: publicKey), key)
        } catch let refusal as ServerRefusal {
            return (.unanswered, refusal.status == 429 ? words[.tooMany] : words[.noAnswer])
        } catch let error as BrokenConnection {
            return (.unanswered, "\(words[.noServer]) (\(PlainText(error.description)))")
        }
        switch answer.outcome {
        case .refused(let text): return (.refused, Self.sentence(text))
        case .askConsent(let text): return (.asksConsent, Self.sentence(text))
        case .ready(let ticket):
            let lines = try TicketLines(ticket)
            if let path = options.credential { try Self.keep(ticket.credential, at: path) }
            print(lines.text, terminator: "")
            return (.ready, "")
        }
    }

    private static func sentence(_ text: String) -> String {
        String(PlainText(text).description.prefix(500))
    }

    /// Only its owner can read it, and nothing that was there before is written to.
    private static func keep(_ credential: String, at path: String) throws {
        unsafe unlink(path)
        let file = try FileDescriptor(
            opening: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try file.write(Array(credential.utf8))
    }
}

/// A key for one log-in by SSH, made by the image's own `ssh-keygen`.
enum LogInKey {
    private static let programs = ["/usr/bin/ssh-keygen", "/bin/ssh-keygen"]

    /// - Parameter path: of the private key; the public one is beside it.
    /// - Returns: the public key.
    static func make(at path: String) throws -> String {
        guard let program = programs.first(where: { unsafe access($0, X_OK) == 0 }) else {
            throw UsageError(text: "the image has no ssh-keygen, which makes keys for sessions by SSH")
        }
        for old in [path, "\(path).pub"] { unsafe unlink(old) }
        let result = try LimitedProgram(
            program, ["-q", "-t", "ed25519", "-N", "", "-C", "roost", "-f", path],
            environment: ["PATH": "/usr/bin:/bin"]
        ).run(secondLimit: 10, outputLimit: 4_096)
        guard result.status == 0, !result.isTimedOut else {
            throw UsageError(text: "ssh-keygen cannot make a key at \(path)")
        }
        let line = String(decoding: try WholeFile.read("\(path).pub", limit: 4_096), as: UTF8.self)
        return line.split(separator: " ").prefix(2).joined(separator: " ")
    }
}

extension ServerTalk {
    /// Asks for a session, until the server answers this request or half a minute has passed.
    func logIn(_ request: (_ id: LogInIdentifier) -> LogInRequest, _ key: RunKey) throws -> LogInAnswer {
        let end = SystemClock.boot + 30_000
        func newRequest() -> LogInRequest {
            request(LogInIdentifier(time: SystemClock.boot, random: RandomBytes.make(16)))
        }
        var asked: (request: LogInRequest, run: String)?
        while true {
            do {
                let present = try asked ?? (newRequest(), fetchRunMark())
                asked = present
                return try ask(present.request, key, run: present.run)
            } catch let refusal as ServerRefusal where refusal.status == 503 && SystemClock.boot < end {
                usleep(100_000)
            } catch let refusal as ServerRefusal where refusal.status == 409 && SystemClock.boot < end {
                // Another log-in screen of this node was faster, or the server was restarted.
                usleep(10_000)
                asked = nil
            } catch let error as BrokenConnection {
                // The network was away for a moment, say: the server knows this request again.
                guard SystemClock.boot < end else { throw error }
                sleep(1)
            }
        }
    }
}
