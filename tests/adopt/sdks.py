"""SDKs as five generators lay them out, cut down to what tells names: one API of a zoo, written for these tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

DOCUMENT = """
openapi: 3.1.0
info: {title: Zoo, version: "1"}
servers: [{url: "https://zoo.test/api"}]
paths:
  /v1/pets:
    get:
      operationId: findAllPets
      tags: [animals]
      parameters: [{name: pageSize, in: query, schema: {type: integer}}]
      responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/pet_v2"}}}}}}
    post:
      operationId: addPet
      tags: [animals]
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/pet_v2"}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/pet_v2"}}}}}
  /v1/pets/{petId}:
    parameters: [{name: petId, in: path, required: true, schema: {type: string}}]
    get: {operationId: fetchOne, tags: [animals], responses: {"200": {description: ok}}}
  /v1/pets/{petId}/toys:
    parameters: [{name: petId, in: path, required: true, schema: {type: string}}]
    get: {operationId: toysOf, tags: [animals], responses: {"200": {description: ok}}}
  /v1/status:
    get: {operationId: status, tags: [animals], responses: {"200": {description: ok}}}
components:
  securitySchemes: {Key: {type: apiKey, in: header, name: x-key}}
  schemas:
    pet_v2:
      type: object
      required: [name]
      properties: {name: {type: string}, bornOn: {type: string}, legCount: {type: integer}}
security: [{Key: []}]
"""

STAINLESS = {
    "zoo/__init__.py": "from ._client import Zoo, AsyncZoo\nfrom .types import Pet\n",
    "zoo/_base_client.py": "class SyncAPIClient: ...\nclass AsyncAPIClient: ...\n",
    "zoo/_client.py": '''
import os
from functools import cached_property
from typing import TYPE_CHECKING
from ._base_client import AsyncAPIClient, SyncAPIClient
if TYPE_CHECKING:
    from .resources.pets.pets import AsyncPets, Pets

class Zoo(SyncAPIClient):
    def __init__(self, *, zoo_key: str | None = None, base_url: str | None = None, timeout: float = 60) -> None:
        if zoo_key is None:
            zoo_key = os.environ.get("BIG_ZOO_ZOO_KEY")
    @cached_property
    def pets(self) -> Pets:
        from .resources.pets import Pets
        return Pets(self)
    @cached_property
    def with_raw_response(self) -> ZooWithRawResponse:
        return ZooWithRawResponse(self)
    def health(self, *, timeout: float = 60):
        return self.get("/v1/status", cast_to=object)

class AsyncZoo(AsyncAPIClient):
    def __init__(self, *, zoo_key: str | None = None) -> None: ...

class ZooWithRawResponse:
    def __init__(self, client: Zoo) -> None: ...
''',
    "zoo/types.py": '''
class PetCreateParams(TypedDict, total=False):
    name: Required[str]
    born_on: Annotated[str, PropertyInfo(alias="bornOn")]
    leg_count: Annotated[int, PropertyInfo(alias="legCount")]

class Pet(BaseModel):
    name: str
    born_on: Optional[str] = FieldInfo(alias="bornOn", default=None)
    leg_count: Optional[int] = FieldInfo(alias="legCount", default=None)
''',
    "zoo/resources/pets/__init__.py": "from .pets import Pets, AsyncPets\n",
    "zoo/resources/pets/pets.py": '''
from ..._base_client import SyncAPIResource
from .toys import Toys
from ...types import PetCreateParams

class Pets(SyncAPIResource):
    @cached_property
    def toys(self) -> Toys:
        return Toys(self._client)
    def create(self, *, name: str, born_on: str = omit, legs: int = omit, extra_headers=None, timeout=None) -> Pet:
        return self._post("/v1/pets", body=maybe_transform({"name": name, "born_on": born_on, "leg_count": legs}, PetCreateParams))
    def retrieve(self, pet: str, *, extra_headers=None) -> Pet:
        return self._get(path_template("/v1/pets/{pet}", pet=pet), options=make_request_options(extra_headers=extra_headers))
    def list(self, *, size: int = omit) -> Pets:
        return self._get_api_list("/v1/pets", options=make_request_options(query=maybe_transform({"pageSize": size}, X)))
''',
    "zoo/resources/pets/toys.py": '''
class Toys(SyncAPIResource):
    def list(self, pet: str):
        return self._get(f"/v1/pets/{pet}/toys")
    def throw(self, pet: str):
        return self._post(f"/v1/pets/{pet}/toys/throw")
class AsyncToys(AsyncAPIResource):
    async def list(self, pet: str):
        return await self._get(f"/v1/pets/{pet}/toys")
''',
}  # fmt: skip

FERN = {
    "zoo/__init__.py": "from .client import Zoo, AsyncZoo\n",
    "zoo/core/client_wrapper.py": "class SyncClientWrapper: ...\n",
    "zoo/types.py": STAINLESS["zoo/types.py"],
    "zoo/client.py": '''
import os, typing
from .core.client_wrapper import SyncClientWrapper
class Zoo:
    def __init__(self, *, base_url=None, zoo_key: typing.Optional[str] = os.getenv("BIG_ZOO_ZOO_KEY"), timeout=None):
        self._client_wrapper = SyncClientWrapper(base_url=base_url, token=zoo_key)
        self._pets = None
    @property
    def pets(self):
        if self._pets is None:
            from .pets.client import PetsClient
            self._pets = PetsClient(client_wrapper=self._client_wrapper)
        return self._pets
''',
    "zoo/pets/client.py": '''
from .raw_client import RawPetsClient
class PetsClient:
    def __init__(self, *, client_wrapper: SyncClientWrapper):
        self._raw_client = RawPetsClient(client_wrapper=client_wrapper)
        self._client_wrapper = client_wrapper
        self._toys = None
    @property
    def with_raw_response(self) -> RawPetsClient:
        return self._raw_client
    @property
    def toys(self):
        if self._toys is None:
            from .toys.client import ToysClient
            self._toys = ToysClient(client_wrapper=self._client_wrapper)
        return self._toys
    def create(self, *, name: str, born_on=OMIT, legs=OMIT, request_options=None):
        _response = self._raw_client.create(name=name, born_on=born_on, legs=legs, request_options=request_options)
        return _response.data
    def retrieve(self, pet: str, *, request_options=None):
        return self._raw_client.retrieve(pet, request_options=request_options).data
    def list(self, *, size=None, request_options=None):
        return self._raw_client.list(size=size, request_options=request_options)
''',
    "zoo/pets/raw_client.py": '''
class RawPetsClient:
    def create(self, *, name: str, born_on=OMIT, legs=OMIT, request_options=None):
        _response = self._client_wrapper.httpx_client.request("v1/pets", method="POST",
            json={"name": name, "bornOn": convert(object_=born_on, annotation=Pet, direction="write"), "legCount": legs})
    def retrieve(self, pet: str, *, request_options=None):
        _response = self._client_wrapper.httpx_client.request(f"v1/pets/{jsonable_encoder(pet)}", method="GET")
    def list(self, *, size=None, request_options=None):
        _response = self._client_wrapper.httpx_client.request("v1/pets", method="GET", params={"pageSize": size})
''',
    "zoo/pets/toys/client.py": '''
class ToysClient:
    def __init__(self, *, client_wrapper: SyncClientWrapper): ...
    def list(self, pet: str, *, request_options=None):
        _response = self._client_wrapper.httpx_client.request(f"v1/pets/{pet}/toys", method="GET")
''',
}  # fmt: skip

SPEAKEASY = {
    "zoo/__init__.py": "from .sdk import *\n",
    "zoo/basesdk.py": "class BaseSDK: ...\n",
    "zoo/sdk.py": '''
class Zoo(BaseSDK):
    pets: "Pets"
    _sub_sdk_map = {"pets": ("zoo.pets", "Pets")}
    def __init__(self, zoo_key: str, server_url=None, timeout_ms=None) -> None: ...
''',
    "zoo/pets.py": '''
from .toys import Toys
class Pets(BaseSDK):
    def __init__(self, sdk_config) -> None:
        self.sdk_configuration = sdk_config
        self._init_sdks()
    def _init_sdks(self):
        self.toys = Toys(self.sdk_configuration)
    def create(self, *, name: str, born_on=None, legs=None, retries=UNSET, server_url=None, timeout_ms=None, http_headers=None):
        request = models.PetV2(name=name, born_on=born_on, leg_count=legs)
        req = self._build_request(method="POST", path="/v1/pets", request=request)
    async def create_async(self, *, name: str):
        req = self._build_request_async(method="POST", path="/v1/pets", request=models.PetV2(name=name))
    def retrieve(self, *, pet: str, http_headers=None):
        request = models.FetchOneRequest(pet=pet)
        req = self._build_request(method="GET", path="/v1/pets/{petId}", request=request)
    def list(self, *, size=None):
        request = models.FindAllPetsRequest(size=size)
        req = self._build_request(method="GET", path="/v1/pets", request=request)
''',
    "zoo/toys.py": '''
class Toys(BaseSDK):
    def list(self, *, pet: str):
        req = self._build_request(method="GET", path="/v1/pets/{petId}/toys", request=models.ToysOfRequest(pet=pet))
''',
    "zoo/models.py": '''
class PetV2(BaseModel):
    name: str
    born_on: Annotated[Optional[str], pydantic.Field(alias="bornOn")] = None
    leg_count: Annotated[Optional[int], pydantic.Field(alias="legCount")] = None
class FetchOneRequest(BaseModel):
    pet: Annotated[str, pydantic.Field(alias="petId"), FieldMetadata(path=PathParamMetadata())]
class ToysOfRequest(BaseModel):
    pet: Annotated[str, pydantic.Field(alias="petId"), FieldMetadata(path=PathParamMetadata())]
class FindAllPetsRequest(BaseModel):
    size: Annotated[Optional[int], pydantic.Field(alias="pageSize"), FieldMetadata(query=True)] = None
''',
}  # fmt: skip

SPEAKEASY_WITH_GLOBALS = {
    **SPEAKEASY,
    "zoo/sdk.py": SPEAKEASY["zoo/sdk.py"].replace("zoo_key: str,", "zoo_key: str, size: Optional[int] = None,"),
    "zoo/models/internal/globals.py": '''
class Globals(BaseModel):
    size: Annotated[Optional[int], pydantic.Field(alias="pageSize"), FieldMetadata(query=True)] = None
''',
}  # fmt: skip

OPENAPI_GENERATOR = {
    "zoo/__init__.py": "",
    "zoo/api_client.py": "class ApiClient: ...\n",
    "zoo/rest.py": "",
    "zoo/api/__init__.py": "",
    "zoo/api/animals_api.py": '''
class AnimalsApi:
    def find_all_pets(self, page_size=None, _request_timeout=None, _headers=None):
        _param = self._find_all_pets_serialize(page_size=page_size)
    def find_all_pets_with_http_info(self, page_size=None):
        _param = self._find_all_pets_serialize(page_size=page_size)
    def _find_all_pets_serialize(self, page_size, _request_auth):
        if page_size is not None:
            _query_params.append(('pageSize', page_size))
        return self.api_client.param_serialize(method='GET', resource_path='/v1/pets')
    def fetch_one(self, pet_id):
        _param = self._fetch_one_serialize(pet_id=pet_id)
    def _fetch_one_serialize(self, pet_id):
        _path_params['petId'] = pet_id
        return self.api_client.param_serialize(method='GET', resource_path='/v1/pets/{petId}')
''',
    "zoo/models/pet_v2.py": '''
class PetV2(BaseModel):
    name: StrictStr
    born_on: Optional[StrictStr] = Field(default=None, alias="bornOn")
    leg_count: Optional[StrictInt] = Field(default=None, alias="legCount")
''',
}  # fmt: skip

OPENAPI_PYTHON_CLIENT = {
    "zoo/__init__.py": "",
    "zoo/client.py": "class Client: ...\nclass AuthenticatedClient: ...\n",
    "zoo/types.py": "UNSET = object()\n",
    "zoo/api/__init__.py": "",
    "zoo/api/animals/__init__.py": "",
    "zoo/api/animals/find_all_pets.py": '''
def _get_kwargs(*, page_size=UNSET):
    params = {}
    params["pageSize"] = page_size
    _kwargs = {"method": "get", "url": "/v1/pets", "params": params}
    return _kwargs
def sync(*, client, page_size=UNSET): ...
''',
    "zoo/api/animals/fetch_one.py": '''
def _get_kwargs(pet_id: str):
    _kwargs = {"method": "get", "url": "/v1/pets/{pet_id}".format(pet_id=quote(str(pet_id), safe=""))}
    return _kwargs
''',
}  # fmt: skip


def laid_out(files: Mapping[str, str], folder: Path) -> Path:
    """Write an SDK below a folder; the folder of its package."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder / "zoo"
