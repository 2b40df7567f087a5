import Fleet
import Testing

@Suite struct DirectoryGrantsTests {
    private let map = DirectoryGrants([
        "teachers": [Grant(.helpdesk), Grant(.auditor)], "CN=Roost Admins, DC=school": [Grant(.admin)],
        "office": [Grant(.auditor)],
    ])

    @Test(arguments: [
        ("teachers", 2), ("Teachers", 2), ("cn=teachers,ou=groups,dc=school", 2),
        ("cn=roost admins,dc=school", 1), ("CN=Roost Admins,DC=School", 1), ("roost admins", 0),
        ("cn=roost admins,dc=elsewhere", 0), ("ou=x,cn=teachers", 0), ("", 0),
    ])
    func `groups are known by their whole name or its first value, in any case`(group: String, count: Int) {
        #expect(map.grants(of: [group]).count == count)
    }

    @Test func `grants of several groups come once each`() {
        #expect(map.grants(of: ["teachers", "office"]) == [Grant(.helpdesk), Grant(.auditor)])
        #expect(map.grants(of: []) == [])
    }
}
