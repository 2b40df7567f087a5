import Fleet
import Testing

@testable import Center

/// Accounts of the directory that no longer open are closed on terminal servers, too.
@Suite struct AccountWatchTests {
    private let (ann, ben): (LogInName, LogInName)
    private let server: TerminalName

    init() throws {
        (ann, ben) = (try LogInName("ann"), try LogInName("ben"))
        server = try TerminalName("ts1")
    }

    private func accounts(_ disabled: Bool = false) -> [LogInName: DirectoryAccount] {
        [
            ann: DirectoryAccount(name: ann, uid: 2_000, isDisabled: disabled),
            ben: DirectoryAccount(name: ben, uid: 2_001, expires: "2027-07-31"),
        ]
    }

    @Test func `disabled, expired and removed accounts are closed once, and again after they were open`() {
        var watch = AccountWatch()
        func look(_ accounts: [LogInName: DirectoryAccount], day: String = "2027-07-31") -> [LogInName] {
            watch.closings(accounts, on: [server], day: day).map(\.user)
        }
        let looks = [
            look(accounts()), look(accounts(true)), look(accounts(true)), look(accounts()),
            look(accounts(true)),
            look(accounts(true), day: "2027-08-01"), look([:], day: "2027-08-01"),
        ]
        #expect(looks == [[], [ann], [], [], [ann], [ben], []])
    }

    @Test func `a server that comes later closes them, too, and an order that failed is given again`() throws
    {
        var watch = AccountWatch()
        let other = try TerminalName("ts2")
        let first = watch.closings(accounts(true), on: [server], day: "2027-01-01")
        let second = watch.closings(accounts(true), on: [server, other], day: "2027-01-01")
        #expect(first.map(\.server) == [server] && second.map(\.server) == [other])
        watch.retry(second[0])
        let third = watch.closings(accounts(true), on: [server, other], day: "2027-01-01")
        #expect(third == second)
    }
}
