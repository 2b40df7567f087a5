import API
import Foundation
import Linux
import Testing

@testable import AgentWork

/// What the agent of a terminal server writes, in a directory that stands for the whole machine.
enum AgentWrites {
    static let settings = "[Globals]\nport=3389\n"
    private static let (first, second) = ("ts1", "ts2")

    static func identity(_ server: String) -> AgentIdentity {
        AgentIdentity(
            server: server, host: "10.77.0.1", port: 8_445, key: "k", certificate: "c", authority: "a")
    }

    /// What is there before.
    static func prepare(_ places: AgentPlaces) throws {
        for path in [AgentPlaces.stateDirectory, "/etc/xrdp", "/usr/sbin", "/etc/sysctl.d", "/etc/pam.d"] {
            try FileManager.default.createDirectory(
                atPath: places.path(path), withIntermediateDirectories: true)
        }
        try WholeFile.writeForNow(places.path("/usr/sbin/xrdp"), [])
        try WholeFile.writeForNow(places.path("/etc/xrdp/xrdp.ini"), Array(settings.utf8))
        try WholeFile.writeForNow(places.path("/home.part"), Array("home".utf8))
        try identity(first).write(places)
        EventLog(at: places.events).note(.sessionBegan, user: first, id: "", "")
        try book([first]).write(places.path("/accounts"))
    }

    private static func book(_ users: [String]) -> AccountBook {
        var book = AccountBook()
        for user in users {
            book.put(
                AccountBook.Entry(
                    user: user, number: 60_000, state: .made, end: .remove, madeAt: 1, expiresAt: nil,
                    hadSession: false))
        }
        return book
    }

    private struct NoPrograms: AgentPrograms {
        func run(_ program: String, _ arguments: [String], input: [UInt8], seconds: Int) throws -> ProgramEnd
        {
            ProgramEnd(status: 0, output: [])
        }
    }

    /// Does what leads to a point.
    static func act(at point: String, _ places: AgentPlaces) throws {
        switch point.split(separator: ".").dropLast().joined(separator: ".") {
        case Replacement.agentIdentity.rawValue: try identity(second).write(places)
        case Replacement.agentSetup.rawValue:
            _ = try ServerSetup(places: places, programs: NoPrograms()).apply(hasSessions: false)
        case Replacement.agentAccounts.rawValue: try book([first, second]).write(places.path("/accounts"))
        case Publication.agentHome.rawValue:
            try DurableFile.publish(places.path("/home.part"), as: places.path("/home.tar"), at: .agentHome)
        default: EventLog(at: places.events).note(.sessionEnded, user: second, id: "", "")
        }
    }

    /// That there is the former state or the next one, and that the next run goes on with it.
    static func examine(_ places: AgentPlaces, _ point: String) throws {
        #expect([identity(first), identity(second)].contains(try AgentIdentity.read(places)), "\(point)")
        let users = EventLog(at: places.events).pending().map(\.user)
        #expect([[first], [first, second]].contains(users), "\(point)")
        EventLog(at: places.events).note(.failed, user: "next", id: "", "")
        #expect(EventLog(at: places.events).pending().map(\.user) == users + ["next"], "\(point)")
        let entries = try AccountBook.read(places.path("/accounts")).entries.map(\.user)
        #expect([[first], [first, second]].contains(entries), "\(point)")
        if FileStatus(places.path("/home.tar")) != nil {
            #expect(try WholeFile.read(places.path("/home.tar")) == Array("home".utf8), "\(point)")
        }
        let setup = ServerSetup(places: places, programs: NoPrograms())
        _ = try setup.apply(hasSessions: false)
        _ = try setup.remove(hasSessions: false)
        let text = String(decoding: try WholeFile.read(places.path("/etc/xrdp/xrdp.ini")), as: UTF8.self)
        #expect(text == settings, "\(point)")
    }
}

extension EndToEnd.Servers.KillPointLab {
    func killAgents(at points: [String]) throws {
        for point in points {
            let places = AgentPlaces(root: "\(directory)/\(point)")
            try AgentWrites.prepare(places)
            try runChild(places.root, killedAt: point)
            try AgentWrites.examine(places, point)
        }
    }
}
