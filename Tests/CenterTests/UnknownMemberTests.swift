import API
import Fleet
import Foundation
import Testing

@testable import Center

@Suite struct UnknownMemberTests {
    private static func problem(_ json: String, _ type: any Decodable.Type) throws -> String? {
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8))
        do { try UnknownMember.refuse(in: object, .request(type)) } catch let problem as Problem {
            #expect(problem.status == 422)
            return problem.detail
        }
        return nil
    }

    static var wrong: [(json: String, type: any Decodable.Type, beginning: String)] {
        [
            (
                #"{"name":"pc-1","taggs":[]}"#, Node.self,
                "unknown key ‘taggs’; did you mean ‘tags’? (known here: name"
            ),
            (#"{"taggs":null}"#, Node.self, "unknown key ‘taggs’"),
            (
                #"{"levels":[{},{"servrs":["a"]}]}"#, TerminalPool.self,
                "levels.1: unknown key ‘servrs’; did you mean ‘servers’?"
            ),
            (#"{"ports":{"telnet":1}}"#, TerminalServer.self, "ports: unknown key ‘telnet’"),
            (#"{"subnett":"10.0.0.0/24"}"#, Network.self, "unknown key ‘subnett’; did you mean ‘subnet’?"),
            (
                #"{"adress":"10.0.0.1"}"#, DHCPReservation.self,
                "unknown key ‘adress’; did you mean ‘address’?"
            ),
            (#"{"vendor":"a"}"#, LoaderRule.self, "unknown key ‘vendor’"),
            (#"{"fulName":"Ann"}"#, AccountRequest.self, "unknown key ‘fulName’; did you mean ‘fullName’?"),
            (#"{"grants":[],"isDisabld":true}"#, AdministratorRequest.self, "unknown key ‘isDisabld’"),
            (#"{"url":"http://a","knds":["boot"]}"#, WebHookRequest.self, "unknown key ‘knds’"),
            (#"{"name":"a","pth":"/x"}"#, SecretRequest.self, "unknown key ‘pth’; did you mean ‘path’?"),
            (#"{"minted":{"kind":"x509","dayz":3}}"#, SecretRequest.self, "minted: unknown key ‘dayz’"),
            (#"{"versions":3}"#, KeepRequest.self, "unknown key ‘versions’ (known here: keep)"),
            (#"{"edits":[],"sumary":"a"}"#, ChangeRequest.self, "unknown key ‘sumary’"),
            (
                #"{"edits":[{"node":{"name":"a","grup":"/"}}]}"#, ChangeRequest.self,
                "edits.0.node: unknown key ‘grup’; did you mean ‘group’?"
            ),
            (
                #"{"edits":[{"settings":{"target":"/","sets":{}}}]}"#, ChangeRequest.self,
                "edits.0.settings: unknown key ‘sets’"
            ),
            (#"{"edits":[{"removeNode":"a","why":"b"}]}"#, ChangeRequest.self, "edits.0: unknown key ‘why’"),
        ]
    }

    @Test(arguments: Self.wrong.indices)
    func `a member that nothing reads is named with its place`(index: Int) throws {
        let (json, type, beginning) = Self.wrong[index]
        let problem = try Self.problem(json, type)
        #expect(problem?.hasPrefix(beginning) == true, "\(json): \(problem ?? "accepted")")
    }

    static var right: [(json: String, type: any Decodable.Type)] {
        [
            (
                #"{"name":"pc-1","group":"/","macAddresses":[],"uuid":null,"address":null,"tags":[],"settings":{"no-such":1}}"#,
                Node.self
            ),
            (
                #"{"ports":{"rdp":3389},"hours":["mon 08:00-09:00"],"weight":1.5,"certificate":null}"#,
                TerminalServer.self
            ),
            (
                #"{"rule":[{"figure":"load","capacity":"cpus","critical":"1","weight":2}],"broker":"a"}"#,
                TerminalPool.self
            ),
            (#"{"options":{"42":"10.0.0.1"},"bootp":true,"proxy":false,"lease":"2h"}"#, Network.self),
            (#"{"edits":[{"removeNode":"a","node":null,"isNew":true}],"summary":"a"}"#, ChangeRequest.self),
            (
                #"{"edits":[{"moveGroup":{"from":"/a","to":"/b"}},{"rule":{"name":"a","condition":"b","priority":1}}]}"#,
                ChangeRequest.self
            ),
            (#"{"edits":[{"imageSettings":{"image":"a","version":1,"settings":{}}}]}"#, ChangeRequest.self),
            (#"{"act":"restart","nodes":"pc-1","at":"22:00","windowMinutes":5}"#, ScheduleRequest.self),
            (
                #"{"act":"set","target":"/","set":{"loader":"grub"},"every":"daily 06:30"}"#,
                ScheduleRequest.self
            ),
            (#"{"machines":["52:54:00:00:00:01"],"pattern":"a-{1..2}","group":"/"}"#, ApprovalsRequest.self),
            ("[1]", Node.self), ("7", Node.self), ("null", Node.self),
        ]
    }

    @Test(arguments: Self.right.indices)
    func `members that are read are let through`(index: Int) throws {
        let (json, type) = Self.right[index]
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
        #expect(throws: Never.self) { try UnknownMember.refuse(in: object, .request(type)) }
    }

    @Test func `a patch with a misspelt member changes nothing`() throws {
        let node = Node(name: try NodeName("pc-1"), macAddresses: [], tags: ["a"])
        #expect(throws: Problem.self) {
            try MergePatch(Data(#"{"tags":[],"taggs":[]}"#.utf8)).applied(to: node)
        }
        let patched = try MergePatch(Data(#"{"tags":[]}"#.utf8)).applied(to: node)
        #expect(patched.tags.isEmpty)
    }
}
