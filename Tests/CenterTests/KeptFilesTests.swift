import API
import Fleet
import Testing

@testable import Center

/// Files that stay the truth, from their reading to what people see.
@Suite struct KeptFilesTests {
    private let directory = try? TemporaryDirectory()

    private func file(_ text: String) -> KeptFile {
        KeptFile(
            .site, path: "/etc/roost/lts.conf", dialect: .lts, main: "lts.conf",
            ["lts.conf": Array(text.utf8)])
    }

    private func kept() -> KeptFiles {
        KeptFiles([KeptFiles.Source(scope: .site, path: "/etc/roost/lts.conf")])
    }

    @Test func `a change of the file is a revision by it, and a wrong file changes nothing`() async throws {
        let services = try await CenterServices.alone(in: #require(directory))
        let (fleet, kept) = (services.fleet, kept())
        let right = file("[default]\nTIMEZONE = Europe/Rome\nLDM_PASSWORD = tiger\n")
        #expect(await kept.take(.success(right), of: .site, into: fleet))
        let revision = fleet.snapshot.revision
        let last = try await fleet.store.revision(revision)
        #expect(last.who == "file /etc/roost/lts.conf" && last.what.contains("kept from now on"))
        #expect(fleet.snapshot.settings(of: nil)[Settings.timeZone]?.settingText == "Europe/Rome")
        // Read again as it was.
        #expect(await kept.take(.success(right), of: .site, into: fleet))
        #expect(fleet.snapshot.revision == revision && kept.all.first?.refusal == nil)

        let wrong = file("[default]\nTIMEZONE =\nSOUND = True\n")
        #expect(await kept.take(.success(wrong), of: .site, into: fleet))
        #expect(fleet.snapshot.revision == revision)
        #expect(fleet.snapshot.settings(of: nil)[Settings.timeZone]?.settingText == "Europe/Rome")
        let refusal = try #require(kept.all.first?.refusal)
        #expect(refusal.english.hasPrefix("lts.conf:2: "))
        #expect(NodeWarnings.keptFiles(kept.all).first?.contains("lts.conf:2: ") == true)

        let gone = InvalidSetting("it is not there")
        #expect(await kept.take(.failure(gone), of: .site, into: fleet))
        #expect(kept.all.first?.refusal == "/etc/roost/lts.conf: it is not there")
        #expect(fleet.snapshot.keptFiles[.site] == right)
        #expect(await kept.take(.success(right), of: .site, into: fleet))
        #expect(kept.all.first?.refusal == nil)
    }

    @Test func `a file that has lost its text takes nothing away, and one with a comment does`() async throws
    {
        let services = try await CenterServices.alone(in: #require(directory))
        let (fleet, kept) = (services.fleet, kept())
        // Empty from the beginning is no loss.
        #expect(await kept.take(.success(file("")), of: .site, into: fleet))
        #expect(kept.all.first?.refusal == nil)
        let right = file("[default]\nTIMEZONE = Europe/Rome\n")
        #expect(await kept.take(.success(right), of: .site, into: fleet))
        let revision = fleet.snapshot.revision
        for text in ["", "\n", " \r\n\u{0}\u{0}"] {
            #expect(await kept.take(.success(file(text)), of: .site, into: fleet))
            #expect(fleet.snapshot.revision == revision && fleet.snapshot.keptFiles[.site] == right)
            #expect(kept.all.first?.refusal?.english.contains("it is empty, and was not before") == true)
            #expect(fleet.snapshot.settings(of: nil)[Settings.timeZone]?.settingText == "Europe/Rome")
        }
        #expect(await kept.take(.success(file("# nothing now\n")), of: .site, into: fleet))
        #expect(kept.all.first?.refusal == nil && fleet.snapshot.revision == revision + 1)
        #expect(fleet.snapshot.settings(of: nil)[Settings.timeZone]?.settingText != "Europe/Rome")
    }

    @Test func `a file that has lost its end at a block of a disk is refused, also by a server that starts`()
        async throws
    {
        let services = try await CenterServices.alone(in: #require(directory))
        let fleet = services.fleet
        let head = "[default]\nTIMEZONE = Europe/Rome\n#" + String(repeating: "x", count: 478)
        let right = file(head + "\n# one\n[52:54:00:00:00:01]\nSOUND = True\n")
        #expect(await kept().take(.success(right), of: .site, into: fleet))
        let revision = fleet.snapshot.revision
        let started = kept()
        #expect(await started.take(.success(file(head)), of: .site, into: fleet))
        #expect(started.all.first?.refusal?.english.contains("its end is gone") == true)
        #expect(fleet.snapshot.revision == revision && fleet.snapshot.keptFiles[.site] == right)
        // Shorter because people want it so.
        let other = String(head.dropLast()) + "\n"
        #expect(head.utf8.count == 512 && other.utf8.count == 512)
        for text in [head + "\n", "[default]\nTIMEZONE = Europe/Rome\n", head + "\n# one\n", other] {
            _ = await kept().take(.success(right), of: .site, into: fleet)
            let kept = kept()
            #expect(await kept.take(.success(file(text)), of: .site, into: fleet))
            #expect(kept.all.first?.refusal == nil && fleet.snapshot.keptFiles[.site] == file(text))
        }
    }

    @Test func `a file that roost.yaml no longer names loses its effect`() async throws {
        let services = try await CenterServices.alone(in: #require(directory))
        let fleet = services.fleet
        _ = await kept().take(.success(file("[default]\nSOUND = True\n")), of: .site, into: fleet)
        try await kept().removeOthers(from: fleet)
        #expect(fleet.snapshot.keptFiles.count == 1)
        try await KeptFiles().removeOthers(from: fleet)
        #expect(fleet.snapshot.keptFiles.isEmpty)
    }

    @Test func `history shows the lines without passwords`() throws {
        let json = #"{"main":"lts.conf","texts":{"lts.conf":["[default]","LDM_PASSWORD = tiger"]}}"#
        let shown = Redaction.of(json: json, kind: KeptFile.kind)
        #expect(shown?.contains("tiger") == false && shown?.contains("LDM_PASSWORD = (set)") == true)
    }
}
