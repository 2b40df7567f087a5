import Linux
import NodeWork
import Testing
import Wire

/// `roost-node log-in`: what it is asked, and what it gives to scripts.
@Suite struct LogInTests {
    private static let ticket = SessionTicket(
        id: "t-1", kind: "rdp", address: "10.77.0.11", port: 3389, user: "anna", credential: "sesame",
        lifetime: 60, certificate: "00ff", hostKeys: ["ssh-ed25519 AAAA"],
        broker: "tsv://MS Terminal Services Plugin.1.O'Hara", isReconnection: true)

    @Test func `options are read, and what is none is refused`() throws {
        let options = try LogInOptions([
            "--user", "anna", "--pool", "room", "--protocols", "x2go,rdp", "--password", "--take-over",
            "--key", "/k", "--credential", "/c", "--language", "el_GR.UTF-8",
        ])
        #expect(options.user == "anna" && options.pool == "room" && options.protocols == ["x2go", "rdp"])
        #expect(options.hasPassword && options.takesOver && options.key == "/k" && options.credential == "/c")
        for bad in [["--user"], ["anna"], ["--protocols", "rdp,telnet"], ["--password", "secret"]] {
            #expect(throws: UsageError.self) { try LogInOptions(bad) }
        }
    }

    @Test(arguments: [("SCHOOL\\anna", true), ("anna@school.example", true), ("a:0:0", false), ("", false)])
    func `whether a name can be an account's is said without asking a server`(name: String, is: Bool) throws {
        let end = try LogIn(LogInOptions(["--check", "--user", name])).run().end
        #expect(end == (`is` ? .ready : .refused))
    }

    @Test(arguments: ["SCHOOL\\Anna Müller", ".\\O'Hara", "anna@school.example", "school\\Γεωργία"])
    func `a shell has a name as it was typed`(name: String) throws {
        var ticket = Self.ticket
        ticket.user = name
        let result = try LimitedProgram(
            "/bin/sh", ["-c", try TicketLines(ticket).text + #"printf '%s' "$ROOST_USER""#], environment: [:]
        ).run(secondLimit: 10, outputLimit: 4_096)
        #expect(String(decoding: result.output, as: UTF8.self) == name)
    }

    @Test func `a shell that evaluates the lines gets the ticket, and no credential`() throws {
        let lines = try TicketLines(Self.ticket).text
        #expect(!lines.contains("sesame"))
        let result = try LimitedProgram(
            "/bin/sh",
            [
                "-c",
                lines
                    + #"echo "$ROOST_SERVER:$ROOST_PORT $ROOST_USER $ROOST_HOST_KEY_1|$ROOST_BROKER|$ROOST_PASSWORD""#,
            ], environment: [:]
        ).run(secondLimit: 10, outputLimit: 4_096)
        #expect(
            String(decoding: result.output, as: UTF8.self)
                == "10.77.0.11:3389 anna ssh-ed25519 AAAA|tsv://MS Terminal Services Plugin.1.O'Hara|ticket\n"
        )
    }

    @Test func `a ticket with something else in its fields opens nothing`() {
        var tickets: [SessionTicket] = []
        for bad in ["a b", "$(reboot)", "a'b", "-x", "a\nb", "\u{7f}", String(repeating: "a", count: 600)] {
            var (server, kind, certificate, name) = (Self.ticket, Self.ticket, Self.ticket, Self.ticket)
            server.address = bad
            kind.kind = bad
            certificate.certificate = bad
            name.user = bad == "a b" || bad == "a'b" ? "\(bad);reboot" : bad
            tickets += [server, kind, certificate, name]
        }
        var key = Self.ticket
        key.hostKeys = ["ssh-rsa AAAA\nother"]
        for ticket in tickets + [key] {
            #expect(throws: UsageError.self) { try TicketLines(ticket) }
        }
    }

    @Test func `each sentence is there in each language`() {
        for phrase in LogInWords.Phrase.allCases {
            let texts = ["en_GB", "fr_FR.UTF-8", "es", "pt_BR", "el"].map { LogInWords(language: $0)[phrase] }
            #expect(Set(texts).count == 5 && !texts.contains(""))
            #expect(LogInWords(language: "zh")[phrase] == texts[0])
        }
    }
}
