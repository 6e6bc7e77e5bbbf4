"""Documents: fax deposits in, originals and page images out."""

from fastapi import APIRouter

router = APIRouter(tags=["documents"])
