"""Names that people would have chosen: what operations are called by ids, paths, and the habits of frameworks."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey.config.file import Config
from samekey.identifiers import split
from samekey.names import snake
from samekey.names.groups import noun_forms
from samekey.names.phrases import PREPOSITIONS, VERBS, simplified, spells_path
from samekey.names.rest import is_noise

from tests.lower.documents import Lowered, lowered
from tests.names.measure import agreements, official_calls

Operation = tuple[str, str, str, str]
"""Method, path, operationId and tag."""


def document(operations: list[Operation], title: str = "Acme") -> Lowered:
    """A document of operations."""
    paths: dict[str, dict[str, object]] = {}
    for method, path, identity, tag in operations:
        words: dict[str, object] = {"responses": {"200": {"description": ""}}}
        words |= {"operationId": identity} if identity else {}
        words |= {"tags": [tag]} if tag else {}
        paths.setdefault(path, {})[method.lower()] = words
    return lowered(json.dumps({"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "paths": paths}))


def calls(operations: list[Operation], title: str = "Acme", config: Config | None = None) -> list[str]:
    """Where operations are found, in the order of the document."""
    names = document(operations, title).names(config)
    return [place.call for place in names.methods.values()]


@pytest.mark.parametrize(
    ("method", "path", "operation_id", "tag", "expected"),
    [
        # What is left out leaves a verb.
        ("POST", "/bookings/{id}/payment", "create-booking-payment", "Payments", "payments.create_booking_payment"),
        ("POST", "/customers/{id}/payment_methods", "createCustomerPaymentMethod", "Payment Methods",
         "payment_methods.create_customer_payment_method"),
        ("DELETE", "/zones/{id}/rows/{row}", "zones_delete_row", "Zone Rows", "zone_rows.zones_delete_row"),
        ("GET", "/sites/{id}/hooks", "listSiteBuildHooks", "Build Hook", "build_hook.list_site_build_hooks"),
        ("DELETE", "/orders/{id}/products", "orders_delete_product", "Products", "products.orders_delete_product"),
        ("POST", "/api-keys/{id}/revoke", "revokeAPIKey", "API keys", "api_keys.revoke"),
        ("POST", "/lobbies", "create_or_join_lobby", "Lobbies", "lobbies.create_or_join"),
        # What stands before the noun of the thing itself may go.
        ("POST", "/chat/completions", "createChatCompletion", "Chat", "chat.create_completion"),
        ("GET", "/invoices/{id}/pdf", "getInvoicePdf", "Invoices", "invoices.get_pdf"),
        ("GET", "/payment-methods", "listPaymentMethods", "Payments", "payments.list_payment_methods"),
        # Nothing dangles.
        ("GET", "/albums/{id}", "get-an-album", "Albums", "albums.get"),
        ("GET", "/artists/{id}/top-tracks", "get-an-artists-top-tracks", "Artists", "artists.list_top_tracks"),
        ("PUT", "/plans/{id}", "update-a-plan", "Plans", "plans.update"),
        ("POST", "/sections/{id}/addTask", "addTaskForSection", "Sections", "sections.add_task"),
        ("GET", "/me/playlists", "get-a-list-of-playlists", "Playlists", "playlists.list"),
        # What the resource's name says already is not said again; what it does not say stays.
        ("GET", "/emails/received", "emails/list-received", "Received Emails", "received_emails.list"),
        ("GET", "/mails/new/{id}/files", "mails/list-new-files", "New Mails", "new_mails.list_new_files"),
        ("POST", "/a/{a}/bank_accounts", "create_account_bank_account", "bank_accounts", "bank_accounts.create"),
        # Many are listed.
        ("GET", "/tasks", "getTasks", "Tasks", "tasks.list"),
        ("GET", "/tasks/{id}", "getTask", "Tasks", "tasks.get"),
        ("GET", "/projects/{id}/tasks", "getTasksForProject", "Tasks", "tasks.list_for_project"),
        ("GET", "/user", "users/get-authenticated", "users", "users.get_authenticated"),
        ("GET", "/dashboards", "allDashboards", "Dashboards", "dashboards.list"),
        # Acronyms, and words that have capitals inside.
        ("GET", "/vpcs", "vpcs_list", "VPCs", "vpcs.list"),
        ("GET", "/ips", "listReservedIPs", "Reserved IPs", "reserved_ips.list"),
        ("GET", "/oauth", "listOAuth2Tokens", "OAuth", "oauth.list_oauth2_tokens"),
        ("GET", "/models", "listModels", "Models", "models.list"),
        ("GET", "/qos", "listQoSProfiles", "QoS Profiles", "qos_profiles.list"),
        # NestJS, NSwag, FastAPI, Litestar, drf-spectacular, springdoc.
        ("GET", "/cats", "CatsController_findAll", "Cats", "cats.list"),
        ("GET", "/cats/{id}", "CatsController_findOne", "Cats", "cats.find_one"),
        ("GET", "/pets", "Pets_GetAll", "Pets", "pets.list"),
        ("GET", "/items/{item_id}", "read_item_items__item_id__get", "items", "items.read"),
        ("GET", "/items/{item_id}", "ItemsItemIdGetItem", "items", "items.get"),
        ("GET", "/api/authors/", "api_authors_list", "api", "authors.list"),
        ("PATCH", "/api/authors/{id}/", "api_authors_partial_update", "api", "authors.partial_update"),
        ("GET", "/api/authors/{id}/", "api_authors_retrieve", "api", "authors.retrieve"),
        ("GET", "/users", "getAllUsers", "user-controller", "users.list"),
        ("POST", "/users", "createUser", "user-controller", "users.create"),
    ],
)  # fmt: skip
def test_a_name_says_what_is_done(method: str, path: str, operation_id: str, tag: str, expected: str) -> None:
    """The resource's noun is left out where the rest still says the same, and nowhere else."""
    assert calls([(method, path, operation_id, tag)]) == [expected]


HTTP_STYLE: Mapping[Operation, str] = {
    ("GET", "/v1/customers", "GetCustomers", ""): "customers.list",
    ("POST", "/v1/customers", "PostCustomers", ""): "customers.create",
    ("GET", "/v1/customers/{customer}", "GetCustomersCustomer", ""): "customers.retrieve",
    ("POST", "/v1/customers/{customer}", "PostCustomersCustomer", ""): "customers.update",
    ("DELETE", "/v1/customers/{customer}", "DeleteCustomersCustomer", ""): "customers.delete",
    ("GET", "/v1/customers/{customer}/cards", "GetCustomersCustomerCards", ""): "customers.list_cards",
    ("POST", "/v1/intents/{intent}/confirm", "PostIntentsIntentConfirm", ""): "intents.confirm",
    ("PUT", "/v1/files/{file_id}", "put_files_id", "Files"): "files.replace",
    ("PATCH", "/v1/files/{file_id}", "patch_files_id", "Files"): "files.update",
    ("DELETE", "/v1/users/{user_id}/avatar", "delete_users_id_avatar", "User avatars"): "user_avatars.delete",
    ("POST", "/v1/jobs/{id}/clear", "post_clear_jobs", "Jobs"): "jobs.clear",
}
"""Operations of one document whose ids begin with the HTTP method."""


def test_http_verbs_give_way_to_what_is_done() -> None:
    """Where ids are made of HTTP's own verbs, method and path say what is done: create, list, retrieve, update."""
    assert dict(zip(HTTP_STYLE, calls(list(HTTP_STYLE)), strict=True)) == HTTP_STYLE


def test_verbs_that_are_meant_stay() -> None:
    """Where POSTs are called `create`, `patch` and `get` are the API's own words, as in Kubernetes."""
    assert calls([
        ("POST", "/pods", "createPod", "Pods"), ("PATCH", "/pods/{name}", "patchNamedPod", "Pods"),
        ("GET", "/pods/{name}", "getPod", "Pods"), ("POST", "/messages", "chat_postMessage", "chat"),
    ]) == ["pods.create", "pods.patch_named_pod", "pods.get", "chat.post_message"]  # fmt: skip


def test_a_tag_and_a_path_of_one_name_are_one_resource() -> None:
    """`client.answers_2.create` would be a riddle."""
    found = calls([
        ("POST", "/answers", "createAnswer", "Answers"), ("POST", "/answers/compact", "compact", ""),
        ("GET", "/coins/a", "listCoins", "Coins & Notes"), ("GET", "/coins/b", "getRate", "Coins & notes"),
    ])  # fmt: skip
    assert found == ["answers.create", "answers.compact", "coins_notes.list_coins", "coins_notes.get_rate"]


@pytest.mark.parametrize("tag", ["api", "default", "API", "v1", "Default API"])
def test_a_tag_that_says_nothing_gives_way_to_the_path(tag: str) -> None:
    """Django's `api`, FastAPI's `default`."""
    assert calls([("GET", "/v1/pets", "listPets", tag), ("GET", "/v1/owners", "listOwners", tag)]) == [
        "pets.list", "owners.list",
    ]  # fmt: skip


def test_one_tag_for_everything_parts_nothing() -> None:
    """`client.plaid.…` would be a second name of the client; a tag of few operations is a resource as always."""
    nouns = ["link", "item", "accounts", "auth"]
    whole = [
        ("POST", f"/{noun}/{verb}", f"{noun}{verb.title()}", "plaid")
        for noun in nouns
        for verb in ("get", "set", "run")
    ]
    assert calls(whole)[:4] == ["link.get", "link.set", "link.run", "item.get"]
    assert calls(whole, title="Plaid API")[:3] == ["link.get", "link.set", "link.run"]
    assert calls([("POST", "/a", "doIt", "jobs"), ("POST", "/b", "doThat", "jobs")]) == ["jobs.do_it", "jobs.do_that"]


def test_a_path_of_which_things_stand_below_is_a_collection() -> None:
    """Whatever its last word looks like."""
    assert calls([("GET", "/layer/", "", ""), ("GET", "/layer/{pk}", "", ""), ("POST", "/layer/", "", "")]) == [
        "layer.list", "layer.create", "layer.get",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VPCs", "vpcs"), ("reservedIPs", "reserved_ips"), ("redirectURLs", "redirect_urls"), ("IDs", "ids"),
        ("ContactIDs", "contact_ids"), ("listOAuth2Tokens", "list_oauth2_tokens"), ("OpenAI", "openai"),
        ("GitHub's API", "github_api"), ("Harbour\N{RIGHT SINGLE QUOTATION MARK}s", "harbour"),
        ("HTTPStatus", "http_status"),
        ("IPv4Address", "ipv4_address"), ("VPCsAndIPs", "vpcs_and_ips"), ("IaaS", "iaas"), ("don't", "dont"),
        ("isURLSafe", "is_url_safe"), ("userID", "user_id"), ("AsyncState", "async_state"), ("DNSServer", "dns_server"),
    ],
)  # fmt: skip
def test_acronyms_and_brands_are_one_word(text: str, expected: str) -> None:
    """A plural `s` belongs to its acronym, and a possessive one to nobody."""
    assert snake(text, "x") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x-gr4vy-account", "x_gr4vy_account"), ("p2pTransfer", "p2p_transfer"), ("P2PTransfer", "p2p_transfer"),
        ("B2B", "b2b"), ("i18nKey", "i18n_key"), ("K8sCluster", "k8s_cluster"), ("2faCode", "x_2fa_code"),
        ("get2FACode", "get2fa_code"), ("charge3DS", "charge3ds"), ("Model3D", "model3d"),
        ("x-line1text", "x_line1_text"),
        ("24hVolume", "x_24h_volume"), ("Sha256sumOf", "sha256_sum_of"), ("S3API", "s3_api"), ("s3Bucket", "s3_bucket"),
        ("X1Y1", "x1_y1"), ("address1", "address1"), ("HTTP2Only", "http2_only"),
    ],
)  # fmt: skip
def test_a_letter_or_two_behind_digits_belong_to_them(text: str, expected: str) -> None:
    """And longer words do not."""
    assert snake(text, "x") == expected


@pytest.mark.parametrize(
    ("title", "package", "client"),
    [
        ("Harbour's OpenAI demo API", "harbour_openai_demo", "HarbourOpenAIDemo"),
        ("GitHub's official API", "github_official", "GitHubOfficial"),
        ("STACKIT IaaS API", "stackit_iaas", "STACKITIaaS"),
        ("OpenAI API", "openai", "OpenAI"),
    ],
)
def test_titles_name_package_and_client(title: str, package: str, client: str) -> None:
    """As their owners write them."""
    names = document([("GET", "/a", "a", "a")], title=title).names()
    assert (names.package, names.client) == (package, client)


words = st.sampled_from(
    ["get", "list", "create", "customer", "payment", "methods", "for", "a", "of", "all", "2", "by", "an"]
)


@given(st.lists(words, min_size=1, max_size=6), st.sampled_from(["Payment methods", "customers", "API", "a"]))
def test_whatever_the_words_a_name_says_something(spoken: list[str], tag: str) -> None:
    """No name is empty, ends in a preposition that its id does not end in, or has words that the id has not."""
    identity = "_".join(spoken)
    (found,) = calls([("POST", "/x", identity, tag)])
    method = found.partition(".")[2]
    own = split(method)
    assert own
    assert set(own) <= {*spoken, "call"}
    if own[-1] in PREPOSITIONS | {"a", "an"}:
        assert spoken[-1] in PREPOSITIONS | {"a", "an"}


@given(st.lists(words, min_size=1, max_size=6))
def test_leaving_articles_out_leaves_words(spoken: list[str]) -> None:
    """What is left comes from the phrase, in its order, and is never nothing."""
    left = simplified(spoken)
    rest = iter(spoken)
    assert left
    assert all(word in rest for word in left)


@pytest.mark.parametrize(
    ("spoken", "path", "expected"),
    [
        ("customers", "/v1/customers", True),
        ("customers_customer", "/v1/customers/{customer}", True),
        ("files_id", "/files/{file_id}", True),
        ("files", "/files/{file_id}", True),
        ("files_by_file_id", "/files/{file_id}", True),
        ("v1_files", "/v1/files", True),
        ("file_names", "/files", False),
        ("users", "/files/{file_id}", False),
        ("", "/", True),
    ],
)
def test_an_id_that_spells_its_path_is_known(spoken: str, path: str, expected: bool) -> None:  # noqa: FBT001
    """Every segment, with or without its parameters."""
    assert spells_path(split(spoken), path, is_noise) is expected


def test_the_noun_of_a_resource_is_known_with_and_without_what_goes_without_saying() -> None:
    """`api key pair`, `key pair`, `pair`."""
    assert noun_forms(("API Key Pairs",)) == [["api", "key", "pair"], ["key", "pair"], ["pair"]]
    assert not VERBS & PREPOSITIONS


def test_names_agree_with_the_sdks_of_vendors() -> None:
    """Thirteen APIs, fifteen calls each: the figures of `python -m tests.names.measure` do not fall."""
    found = list(agreements())
    assert len(found) == len(official_calls()) >= 195
    assert sum(row.is_same for row in found) >= 85
    assert sum(row.says_the_same for row in found) >= 165
