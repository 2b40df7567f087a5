import Foundation
import Glibc
import Testing

/// The project's rules about its sources as text.
@Suite struct TidyTests {
    struct Source {
        var path: String
        var lines: [String]
        /// The whole text, with a zero at its end.
        fileprivate var text: [CChar]

        /// Lines that contain `word` outside a comment, with their numbers.
        func lines(with word: String) -> [(number: Int, line: String)] {
            // Most files have none, and strings are slow to search.
            guard unsafe strstr(text, word) != nil else { return [] }
            return lines.enumerated().filter {
                $0.element.components(separatedBy: "//")[0].contains(word)
            }.map { ($0.offset + 1, $0.element) }
        }
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// All source files, read once.
    private static let read = Result {
        try ["Sources", "Tests"].flatMap { directory in
            let base = root.appendingPathComponent(directory)
            let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
            return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
                let text = try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                return Source(path: "\(directory)/\(name)", lines: lines, text: Array(text.utf8CString))
            }
        }
    }

    static func sources(below directory: String) throws -> [Source] {
        try read.get().filter { $0.path.hasPrefix("\(directory)/") }
    }

    /// Which modules, ours and others', a target may import. Arrows point downwards only.
    private static let allowed: [String: Set<String>] = [
        "Wire": [], "Fleet": ["HeapModule", "Synchronization", "Wire"],
        "Linux": ["CLinux", "Glibc", "Synchronization", "Wire"],
        "API": ["Fleet", "Wire"], "Errors": ["Foundation", "Linux"],
        "HTTPClient": [
            "FoundationEssentials", "Glibc", "Linux", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
            "Synchronization",
        ],
        "NetworkErrors": ["Errors", "HTTPClient", "Linux", "NIOCore", "NIOSSL"],
        "StoreSQLite": ["Fleet", "Foundation", "GRDB", "Linux", "Sealing", "Wire"],
        "Sealing": ["CSodium", "Wire"],
        "Services": [
            "CLinux", "COpenSSL", "Fleet", "Glibc", "Linux", "Sealing", "Synchronization", "Wire",
        ],
        "Images": [
            "COpenSSL", "Errors", "Fleet", "Foundation", "Glibc", "Linux", "Sealing", "Synchronization",
            "Wire",
        ],
        "Center": [
            "API", "CArgon2", "CLDAP", "COpenSSL", "Dispatch", "Fleet", "Foundation", "Glibc", "HTTPClient",
            "HTTPTypes", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "Linux", "Logging", "Mustache",
            "NetworkErrors", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "NIOTLS", "Sealing",
            "Synchronization", "Wire",
        ],
        "ConfigurationFile": ["Foundation", "Yams"],
        "Commands": [
            "API", "ArgumentParser", "ConfigurationFile", "Fleet", "Foundation", "Glibc", "HTTPClient",
            "Linux", "NetworkErrors", "NIOCore", "NIOHTTP1", "Sealing", "Synchronization", "Wire",
        ],
        "NodeWork": ["Glibc", "Linux", "Sealing", "Wire"],
        // Without Foundation, which would take most of its memory.
        "AgentWork": [
            "API", "COpenSSL", "Dispatch", "Fleet", "FoundationEssentials", "Glibc",
            "HTTPClient", "Linux", "NIOCore", "NIOHTTP1", "Sealing", "Synchronization", "Wire",
        ],
        "RoostAgent": ["AgentWork", "Glibc"],
        "RoostNode": ["Glibc", "Linux", "NodeWork", "Wire"],
    ]

    @Test(arguments: allowed.keys.sorted())
    func `a target imports only what lies below it`(target: String) throws {
        let allowed = try #require(Self.allowed[target])
        for source in try Self.sources(below: "Sources/\(target)") {
            for line in source.lines where line.contains("import ") {
                let words = line.split(separator: " ")
                // Behind an attribute or a level of access, and not in a text.
                guard let index = words.firstIndex(of: "import"), !line.hasPrefix(" "), index <= 1,
                    !line.hasPrefix("//"), words.count > index + 1
                else { continue }
                #expect(allowed.contains(String(words[index + 1])), "\(source.path): \(line)")
            }
        }
    }

    @Test func `programs are started only by our own type`() throws {
        for source in try Self.sources(below: "Sources") {
            for (number, _) in source.lines(with: "Process()") {
                // Foundation's reads past the end of a buffer when many descriptors are open.
                Issue.record("\(source.path):\(number): use ChildProcess")
            }
        }
    }

    @Test func `each target reports errors through its own error texts`() throws {
        let path = Self.root.appendingPathComponent("Sources/Errors/FileErrorText.swift")
        let text = try String(contentsOf: path, encoding: .utf8)
        let list = try #require(text.firstMatch(of: /ownModules: Set<String> = \[([^\]]*)\]/)).output.1
        let told = Set(list.matches(of: /"(\w+)"/).map { String($0.output.1) })
        for source in try Self.sources(below: "Sources") {
            let target = source.path.split(separator: "/")[1]
            // Separate programs, whose errors do not go through there.
            if ["AgentWork", "NodeWork", "RoostAgent", "RoostNode"].contains(target) { continue }
            // The expression is slow, and most lines contain no error.
            for line in source.lines
            where line.contains("Error")
                && line.contains(/^ *(package )?(struct|enum) \w+: ([\w, ]+, )?Error\b/)
            {
                #expect(told.contains(String(target)), "\(source.path): \(line)")
            }
        }
    }

    /// All test suites.
    private static let suites = Result {
        Set(
            try sources(below: "Tests").flatMap { source in
                source.lines.compactMap { line in
                    // Most lines need no regular expression.
                    guard line.hasSuffix("{") else { return nil as String? }
                    return line.firstMatch(of: /(?:struct|class) (\w+Tests)\b/).map { String($0.output.1) }
                }
            })
    }

    @Test func `the protocols page names only existing suites`() throws {
        let page = try String(
            contentsOf: Self.root.appendingPathComponent("docs/protocols.md"), encoding: .utf8)
        let named = Set(page.matches(of: /\b[A-Z]\w+Tests\b/).map { String($0.output) })
        #expect(named.count > 20)
        #expect(named.subtracting(try Self.suites.get()) == [])
    }

    @Test func `every line of the security page names existing tests`() throws {
        let page = try String(
            contentsOf: Self.root.appendingPathComponent("docs/security.md"), encoding: .utf8)
        let tests = try Self.suites.get()
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| tries") }
        #expect(rows.count > 40)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.count == 3, "\(row)")
            let named = (cells.last ?? "").components(separatedBy: ", ")
            #expect(!named.isEmpty && Set(named).isSubset(of: tests), "\(row)")
        }
    }

    /// Before each command of a unit, including a reload, systemd gives everything in such a directory to the unit's user, which is root.
    @Test func `the unit leaves the server's directories to the server, and may signal it`() throws {
        let file = Self.root.appendingPathComponent("Packaging/systemd/roost.service")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(!lines.contains { $0.contains(/^(State|Runtime|Cache|Logs|Configuration)Directory=/) })
        for line in ["UMask=0077", "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateDevices=yes"] {
            #expect(lines.contains { $0 == line }, "\(line)")
        }
        // A signal to another user's process needs a capability that the unit lacks (CAP_KILL).
        #expect(lines.contains { $0.hasPrefix("ExecReload=+") })
    }

    @Test func `commands print to terminals only through the functions that clean the text`() throws {
        // Streams of JSON between programs; the link of the first log-in, which is the server's own.
        let others = [
            "Printing.swift", "NFSWorker.swift", "CertificateWorker.swift", "BuildWorker.swift",
            "Server.swift",
        ]
        let commands = try ["Commands", "RoostCommand"].flatMap { try Self.sources(below: "Sources/\($0)") }
        for source in commands
        where !others.contains(where: { source.path.hasSuffix("/\($0)") }) {
            for word in ["Swift.print(", "standardOutput", "standardError", "puts(", "fputs("] {
                for (number, _) in source.lines(with: word) {
                    Issue.record("\(source.path):\(number): \(word) passes PlainText by")
                }
            }
        }
        // Outside Commands, `print` is the standard library's.
        for source in commands where source.path.hasPrefix("Sources/RoostCommand/") {
            let prints = source.lines(with: "print(").contains { $0.line.contains(/(^|[^.\w])print\(/) }
            #expect(!prints || source.lines.contains("import Commands"), "\(source.path)")
        }
    }

    @Test func `only the page layout contains unescaped values`() throws {
        let assets = Self.root.appendingPathComponent("Sources/Center/Assets")
        let names = try FileManager.default.contentsOfDirectory(atPath: assets.path)
        var count = 0
        for name in names where name.hasSuffix(".mustache") {
            let text = try String(contentsOf: assets.appendingPathComponent(name), encoding: .utf8)
            let raw =
                text.components(separatedBy: "{{{").count + text.components(separatedBy: "{{&").count - 2
            #expect(raw == (name == "layout.mustache" ? 1 : 0), "\(name)")
            #expect(!text.contains("CONTENT_TYPE"), "\(name)")
            count += 1
        }
        #expect(count > 20)
    }

    @Test func `bad input never ends the program`() throws {
        for source in try Self.sources(below: "Sources") {
            for word in ["try!", "as!", "fatalError("] {
                for (number, _) in source.lines(with: word) {
                    Issue.record("\(source.path):\(number): \(word)")
                }
            }
        }
    }

    @Test func `unchecked sendability is justified`() throws {
        for source in try Self.sources(below: "Sources") {
            for (number, line) in source.lines.enumerated() {
                guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") else {
                    continue
                }
                let nearby = source.lines[max(0, number - 2)...min(source.lines.count - 1, number + 4)]
                #expect(nearby.contains { $0.contains("// Sendable:") }, "\(source.path):\(number + 1)")
            }
        }
    }

    /// Operations that make something durable, or look as if they did.
    private static let durable = [
        "rename(", "fsync(", "fdatasync(", "syncfs(", ".moveItem(", "replaceItem", ".synchronise()",
        ".synchroniseData()", "pwrite(", "fallocate(", "roost_clear_range(", ".write(to: URL",
        "database.write", "queue.write", "createFile(",
    ]

    @Test func `every durable operation has a kill point, required by the functions that perform it`()
        throws
    {
        // Those functions, and the transactions that pass their own kill points.
        let functions = [
            "Linux/FileDescriptor.swift", "Linux/DurableFile.swift", "Linux/ForeignDirectory.swift",
            "StoreSQLite/SQLiteStore.swift",
            "StoreSQLite/SchemaSteps.swift", "StoreSQLite/StoredSecrets.swift",
            // Logs may lose their last lines; data from another server is checked to the last byte before it counts; a key is made once, by
            // hand; files of the configuration are people's own, in their repositories; how files ended is checked where it is known; what a
            // restore unpacks is synchronised as a whole, before it takes its place.
            "Center/Live/NodeLogs.swift", "Center/Live/DistantServer.swift", "Commands/ImageSigningKey.swift",
            "Commands/ExportCommand.swift", "Commands/FileCommands.swift",
            "RoostCommand/Server/KnownEnds.swift", "RoostCommand/Commands/KeyArchive.swift",
        ]
        let targets = [
            "Center", "Commands", "Images", "Linux", "RoostCommand", "Services", "StoreSQLite",
        ]
        for source in try targets.flatMap({ try Self.sources(below: "Sources/\($0)") })
        where !functions.contains(where: { source.path == "Sources/\($0)" }) {
            for word in Self.durable {
                for (number, _) in source.lines(with: word) {
                    Issue.record("\(source.path):\(number): \(word) (Sources/Linux/DurableOperations.swift)")
                }
            }
        }
    }

    @Test func `moments in the API's answers are texts`() throws {
        for source in try Self.sources(below: "Sources/API") {
            for line in source.lines where line.contains(/\ var (at|\w+(At|Until)): Int\??$/) {
                #expect(line.contains("Timestamp "), "\(source.path): \(line)")
            }
        }
    }

    /// History shows records, and the API tells moments as texts everywhere.
    @Test func `moments in records are timestamps`() throws {
        let kind = /^    (package )?static let kind = "/
        let sources = try Self.sources(below: "Sources/Fleet")
        // `Administrator+Record.swift` says what `Administrator.swift` has.
        func type(_ source: Source) -> Substring? {
            source.path.split(separator: "/").last?.prefix { $0 != "+" && $0 != "." }
        }
        let types = Set(sources.filter { $0.lines.contains { $0.contains(kind) } }.map(type))
        let records = sources.filter { types.contains(type($0)) }
        #expect(types.count > 20)
        // When a token or a link was last used is an observation, and no part of its record; a log-in is no record.
        let member = /^    (@\w+ )?package (private\(set\) )?var (at|\w+(At|Until)): Int\??$/
        for source in records {
            let lines = source.lines.prefix { !$0.hasPrefix("package struct LoginSession") }
            for line in lines where line.contains(member) && !line.contains(" usedAt: ") {
                #expect(line.contains("Timestamp "), "\(source.path): \(line)")
            }
        }
    }

    @Test func `settings are read through their definitions, not by name`() throws {
        let table = "Fleet/Settings/Settings.swift"
        let text = try String(
            contentsOf: Self.root.appendingPathComponent("Sources/\(table)"), encoding: .utf8)
        let names = text.matches(of: /static let \w+ = Setting(?:<[^(]*>)?\(\s*"([a-z-]+)"/).map {
            String($0.output.1)
        }
        #expect(names.count > 20)
        // A name of one word may mean other things; a name with a hyphen is a setting's.
        let forms = names.flatMap { name in
            name.contains("-")
                ? ["\"\(name)\""] : ["ettings[\"\(name)\"", "named(\"\(name)\"", "settable(\"\(name)\""]
        }
        // The second file names the parts of a node's configuration, some of which are called like their setting; the third has a command
        // of such a name, and the last one a title for each.
        let others = [
            table, "Wire/Boot/BootWord.swift", "RoostNode/RoostNode.swift",
            "Center/Pages/Views/SettingTitles.swift",
        ]
        for source in try Self.sources(below: "Sources")
        where !others.contains(where: { source.path == "Sources/\($0)" }) {
            for form in forms {
                for (number, _) in source.lines(with: form) {
                    Issue.record("\(source.path):\(number): \(form) (Sources/\(table))")
                }
            }
        }
    }

    @Test func `a single file reads the clocks`() throws {
        // Dates for people or for other programs.
        let dated = [
            "Linux/SystemClock.swift", "RoostCommand/Server/ServerLog.swift",
            "RoostCommand/Commands/BackupCommands.swift", "Images/ModuleArchiveCache.swift",
        ]
        for source in try Self.sources(below: "Sources")
        where !dated.contains(where: { source.path == "Sources/\($0)" }) {
            for word in ["Date()", "clock_gettime(", "time(nil)", "gettimeofday("] {
                for (number, _) in source.lines(with: word) {
                    Issue.record("\(source.path):\(number): \(word) (docs/decisions/0014-clocks.md)")
                }
            }
        }
    }

    @Test func `what the program makes is typed`() throws {
        // JSON of other programs, changes to any record, and what is looked for in requests before they are decoded. Each says why.
        let foreign = [
            "Center/Acts/HistoryActs.swift", "Center/Acts/MergePatch.swift",
            "Center/Acts/UnknownMember.swift",
            "RoostCommand/Server/PacketFilter+NFT.swift",
            // Only the name of the type that was wanted, in an error.
            "Fleet/Declared/DeclaredDecoder.swift",
        ]
        for source in try Self.sources(below: "Sources")
        where !foreign.contains(where: { source.path == "Sources/\($0)" }) {
            for (number, line) in source.lines(with: "String: Any]") {
                Issue.record("\(source.path):\(number): \(line)")
            }
        }
    }

    @Test func `no source file is longer than 420 lines`() throws {
        for source in try Self.sources(below: "Sources") {
            #expect(source.lines.count <= 420, "\(source.path) has \(source.lines.count) lines")
        }
    }

    @Test func `no file or folder has an empty name such as Utils`() throws {
        let empty = ["Utils", "Common", "Extras", "Helpers", "Manager", "New", "Old"]
        for source in try Self.sources(below: "Sources") {
            for part in source.path.split(whereSeparator: { "/+.".contains($0) }) {
                #expect(!empty.contains(String(part)), "\(source.path)")
            }
        }
    }

    @Test func `every package type of the lower modules has a doc comment`() throws {
        for source in try ["API", "Wire", "Fleet", "Services"].flatMap({
            try Self.sources(below: "Sources/\($0)")
        }) {
            for (number, line) in source.lines.enumerated() where number > 0 {
                let isType = ["struct ", "enum ", "class ", "final class ", "protocol "].contains {
                    line.hasPrefix("package \($0)")
                }
                guard isType else { continue }
                #expect(source.lines[number - 1].hasPrefix("///"), "\(source.path):\(number + 1): \(line)")
            }
        }
    }
}
