import API
import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// Class lists that become accounts, and accounts that are removed: what the pages say before anything is saved.
@Suite struct AccountImportTests {
    private static func acts(of fleet: SmallFleet) -> Acts {
        Acts(
            services: fleet.services,
            caller: Caller(name: "test", grants: [Grant(.admin, in: .site)], proof: .token(1)))
    }

    /// - Parameter body: nil: it is only asked for.
    private static func page(_ path: String, _ body: String? = nil, of fleet: SmallFleet) async throws -> (
        status: Int, body: String
    ) {
        var headers: HTTPFields = [
            .authorization: "Bearer \(Person(role: .admin, place: .site).token)"
        ]
        if body != nil { headers[.contentType] = "application/x-www-form-urlencoded" }
        let answer = try await fleet.ask(body == nil ? "GET" : "POST", path, headers: headers, body: body)
        return (answer.status, answer.body)
    }

    private static func accounts(in fleet: SmallFleet) -> [String: DirectoryAccount] {
        Dictionary(
            uniqueKeysWithValues: fleet.services.fleet.snapshot.contents.terminals.accounts.map {
                ($0.key.text, $0.value)
            })
    }

    private static func fates(_ preview: Acts.AccountPreview) -> [String] {
        preview.rows.map { "\($0.line) \($0.name) \($0.fate.rawValue)" }
    }

    @Test func `each row of a list says what it would do`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(of: fleet)
        let list = """
            name;full-name;groups;password
            ann;Ann Lee;;
            ben;Ben;audio;four random words
            Cat;Cat;;
            dan;Dan;sudo;
            eve;Eve;;short
            ben;Ben again;;
            fay;Fay
            """
        let preview = try acts.previewAccounts(Array(list.utf8), replaces: false)
        #expect(
            Self.fates(preview) == [
                "2 ann refused", "3 ben added", "4 Cat refused", "5 dan refused", "6 eve refused",
                "7 ben refused", "8  refused",
            ])
        #expect(preview.wish == nil && preview.rows[1].hasPassword && preview.rows[1].reason == nil)
        #expect(preview.rows.allSatisfy { ($0.fate == .refused) == ($0.reason != nil) })
        let words = Words.of(.french)
        for row in preview.rows {
            if let reason = row.reason { #expect(words(reason) != reason.english, "\(reason)") }
        }
        #expect(Self.accounts(in: fleet).keys.sorted() == ["ann"])
        // One that is there already is changed where that is wished, and says nothing where nothing would.
        let again = try acts.previewAccounts(Array("name;full-name\nann;Ann Lee\n".utf8), replaces: true)
        #expect(Self.fates(again) == ["2 ann unchanged"] && again.wish == nil)
        let other = try acts.previewAccounts(Array("name;class\nann;3a\nbob;3a\n".utf8), replaces: true)
        #expect(Self.fates(other) == ["2 ann changed", "3 bob added"] && other.wish?.accounts.count == 2)
        let twice = try acts.previewAccounts(Array("name,uid\nbob,3000\neve,3000\n".utf8), replaces: false)
        #expect(Self.fates(twice) == ["2 bob added", "3 eve refused"])
        // As Excel saves it on Windows.
        let umlaut = try acts.previewAccounts(
            Array("name;full-name\r\njo;J".utf8) + [0xF6] + Array("rg\r\n".utf8), replaces: false)
        #expect(umlaut.rows.map(\.fullName) == ["J\u{F6}rg"] && umlaut.encoding == .windows1252)
    }

    @Test func `a list is saved from its preview, all of it or nothing`() async throws {
        let fleet = try await SmallFleet()
        let path = "/desktops/accounts/import"
        let form = try await Self.page(path, of: fleet)
        #expect(form.status == 200 && form.body.contains(#"data-bytes-to="file""#))
        #expect(form.body.contains(#"download="accounts.csv" href="data:text/csv;charset=utf-8,name%3Bfull"#))
        let file = Data("name;full-name;class\r\nben;Ben Day;3a\r\n".utf8).base64EncodedString()
        let sent = "file=\(file.replacing("+", with: "%2B").replacing("=", with: "%3D"))"
        let preview = try await Self.page(path, sent, of: fleet)
        #expect(preview.status == 200 && preview.body.contains("added: 1"))
        #expect(preview.body.contains(#"name="file" value="\#(file)""#) && preview.body.contains("Ben Day"))
        #expect(Self.accounts(in: fleet)["ben"] == nil)
        let saved = try await Self.page(path, "\(sent)&save=yes", of: fleet)
        #expect(saved.status == 303)
        let ben = try #require(Self.accounts(in: fleet)["ben"])
        #expect(ben.fullName == "Ben Day" && ben.groups == ["3a"])
        // It is there by now.
        let late = try await Self.page(path, "\(sent)&save=yes", of: fleet)
        #expect(late.status == 200 && late.body.contains("Nothing is saved while a row is refused"))
        #expect(!late.body.contains(#"name="save""#) && late.body.contains("account ben exists already"))
        for broken in ["list=", "list=user%0Aben", "file=UEsDBAAAAAA%3D"] {
            let answer = try await Self.page(path, broken, of: fleet)
            #expect(answer.status == 422 && answer.body.contains(#"role="alert""#), "\(broken)")
        }
    }

    @Test func `an account is removed once that is confirmed`() async throws {
        let fleet = try await SmallFleet()
        _ = fleet.services.terminals.take(
            SmallFleet.report(users: ["ann"]), from: try TerminalName("ts-of-pc-1"),
            at: Clock.steadyMillisecond)
        let path = "/desktops/account"
        let asked = try await Self.page(path, "name=ann&remove=yes", of: fleet)
        #expect(asked.status == 200 && asked.body.contains("Remove the account ann"))
        #expect(asked.body.contains(#"href="/desktops/servers/ts-of-pc-1""#))
        #expect(Self.accounts(in: fleet)["ann"] != nil)
        let stale = try await Self.page(path, "name=ann&remove=yes&confirmed=yes&tag=old", of: fleet)
        #expect((400..<500).contains(stale.status) && Self.accounts(in: fleet)["ann"] != nil)
        let tag = try #require(asked.body.firstMatch(of: /name="tag" value="([^"]*)"/)?.output.1)
        let plain = String(tag).replacing("&quot;", with: "\"")
        let done = try await Self.page(
            path, "name=ann&remove=yes&confirmed=yes&tag=\(Escape.component(plain))", of: fleet)
        #expect(done.status == 303 && Self.accounts(in: fleet)["ann"] == nil)
        let empty = try await Self.page("/desktops/accounts", of: fleet)
        #expect(empty.body.contains("There is no account yet."))
        #expect(!empty.body.contains("Search accounts"))
    }
}
