import API
import Fleet
import Testing

@testable import Center

/// The limits of sessions, and what the history has of them.
@Suite struct SessionWatchTests {
    private let server: TerminalName
    private var pool: TerminalPool

    init() throws {
        server = try TerminalName("ts1")
        pool = TerminalPool(name: try PoolName("school"))
    }

    private func seen(connected: Bool = true, idle: Int? = 0, id: String = "c1", user: String = "ann")
        -> SessionWatch.Seen
    {
        SessionWatch.Seen(
            server: server,
            session: AgentSession(
                id: id, user: user, kind: .rdp, display: ":10", age: 100, idle: idle, isConnected: connected,
                from: ""), pool: pool, place: "pc-1")
    }

    private let noon = WeekMoment(day: 0, minute: 720)

    @Test func `changes that the history did not take are told again`() {
        var watch = SessionWatch()
        func look(_ seen: [SessionWatch.Seen], _ second: Int) -> (began: [PastSession], ended: [PastSession])
        {
            watch.changes(seen, on: [server], gone: { _ in false }, at: second)
        }
        let first = look([seen()], 1_000)
        watch.restore(began: first.began, ended: first.ended)
        let again = look([seen()], 1_005)
        #expect(first.began.count == 1 && again.began.map(\.session) == ["c1"])
        let end = look([], 1_010)
        watch.restore(began: end.began, ended: end.ended)
        let late = look([], 1_015)
        #expect(end.ended.count == 1 && late.ended.map(\.startedAt) == again.began.map(\.startedAt))
        let none = look([], 1_020)
        #expect(none.began.isEmpty && none.ended.isEmpty)
    }

    @Test mutating func `an idle session is disconnected, once a minute`() {
        pool.idleMinutes = 30
        var watch = SessionWatch()
        let kinds = [(1_799, 0), (1_800, 5_000), (1_805, 10_000), (1_900, 70_000)].map { idle, time in
            watch.acts([seen(idle: idle)], at: time, on: noon).map(\.kind)
        }
        #expect(kinds == [[], [.disconnect], [], [.disconnect]])
        let unknown = watch.acts([seen(idle: nil)], at: 200_000, on: noon)
        #expect(unknown.isEmpty)
    }

    @Test mutating func `a session without a display ends after its time, and not when its person came back`()
    {
        pool.disconnectedMinutes = 1
        var watch = SessionWatch()
        let looks = [(false, 0), (false, 59_000), (true, 60_000), (false, 61_000), (false, 121_000)]
        let kinds = looks.map { connected, time in
            watch.acts([seen(connected: connected)], at: time, on: noon).map(\.kind)
        }
        #expect(kinds == [[], [], [], [], [.end]])
    }

    @Test mutating func `people are told five minutes before their sessions end`() throws {
        pool.hours = [try #require(OpeningHours("mon-fri 07:00-18:00"))]
        var watch = SessionWatch()
        func look(_ minute: Int, at time: Int) -> [SessionWatch.Act.Kind] {
            watch.acts([seen()], at: time, on: WeekMoment(day: 0, minute: minute)).map(\.kind)
        }
        let kinds = [
            look(1_074, at: 0), look(1_075, at: 60_000), look(1_079, at: 300_000), look(1_080, at: 360_000),
        ]
        #expect(kinds == [[], [.warn], [], [.end]])
    }

    @Test mutating func `nothing ends untold, however late it is`() throws {
        pool.hours = [try #require(OpeningHours("mon-fri 07:00-18:00"))]
        var watch = SessionWatch()
        let night = WeekMoment(day: 6, minute: 100)
        let kinds = [0, 299_000, 300_000].map { watch.acts([seen()], at: $0, on: night).map(\.kind) }
        #expect(kinds == [[.warn], [], [.end]])
    }

    @Test func `the history begins and ends with reports, and a silent server ends nothing`() throws {
        var watch = SessionWatch()
        let first = watch.changes([seen()], on: [server], gone: { _ in false }, at: 1_000)
        #expect(first.began.map(\.startedAt) == [900] && first.ended.isEmpty)
        let again = watch.changes([seen()], on: [server], gone: { _ in false }, at: 1_005)
        #expect(again.began.isEmpty && again.ended.isEmpty)
        let silent = watch.changes([], on: [], gone: { _ in false }, at: 1_010)
        #expect(silent.ended.isEmpty)
        // The same identifier with another user is another session.
        let other = watch.changes([seen(user: "ben")], on: [server], gone: { _ in false }, at: 1_020)
        #expect(other.began.map(\.user) == ["ben"] && other.ended.map(\.user) == ["ann"])
        let gone = watch.changes([], on: [], gone: { _ in true }, at: 1_030)
        #expect(gone.ended.map(\.endedAt) == [1_030])
    }

    @Test func `a lying server fills no history at once`() {
        var watch = SessionWatch()
        let many = (0..<3_000).map { seen(id: "c\($0)") }
        let changes = watch.changes(many, on: [server], gone: { _ in false }, at: 1_000)
        #expect(changes.began.count == SessionWatch.newLimit)
    }
}
